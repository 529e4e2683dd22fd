//! Versions of Windows.

/// The oldest build of Windows from which devices are registered automatically: Windows 10 version 1709.
///
/// Microsoft asks for "a supported version of Windows" (Microsoft Learn, "Automatic registration of existing devices"),
/// and supports versions until dates that differ by edition, which a version number does not tell; holding devices to
/// those dates is the MDM service's business. What does not change is the minimum below which there is no usable hash:
/// Windows hands its hash out from version 1703 on ("Manually register devices with Windows Autopilot"), and tools older
/// than version 1709, called RS3, make the short one that cannot be used ("Windows Autopilot device guidelines").
pub const MINIMUM_BUILD: u32 = 16_299;

/// Whether devices with this version of Windows are registered automatically: `10.0.` and a build of at least
/// [`MINIMUM_BUILD`], with or without a revision. What has another form is no version that anybody can judge.
#[must_use]
pub fn is_supported(version: &str) -> bool {
    build_of(version).is_some_and(|build| build >= MINIMUM_BUILD)
}

/// The build of a version such as `10.0.22631` or `10.0.22631.3007`.
fn build_of(version: &str) -> Option<u32> {
    let mut parts = version.trim().split('.');
    let number = |text: &str| -> Option<u32> {
        let digits = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits)
    };
    let (major, minor) = (number(parts.next()?)?, number(parts.next()?)?);
    let build = number(parts.next()?)?;
    let revision = parts.next().map(number);
    let sane = (major, minor) == (10, 0) && revision != Some(None) && parts.next().is_none();
    sane.then_some(build)
}
