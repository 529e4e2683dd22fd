//! Lists of devices as tools at the device write them: a HoloLens, and the well-known PowerShell script.

use hardware_hash::generate::SyntheticDevice;
use journeys::lists::{device, hash};
use journeys::world::Result;

use super::Farm;

fn holo_lens(n: u64) -> SyntheticDevice {
    let mut device = device(n);
    device.manufacturer = "Microsoft Corporation".to_owned();
    device.product = "HoloLens 2".to_owned();
    device
}

/// As Windows PowerShell's `Out-File` writes: UTF-16, little endian, with its mark.
fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_holo_lens_writes_registers_it() -> Result<()> {
    let farm = Farm::new().await?;
    let hardware = holo_lens(1);
    let list = format!(
        "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag,Assigned User\r\n{},,{},,\r\n",
        hardware.serial,
        hash(&hardware, 1)
    );
    let seen = farm
        .world
        .upload("intune", None, farm.tenant, list.into_bytes())
        .await?;
    assert_eq!(seen.counts.get("registered"), Some(&1), "{}", seen.report);
    let registered = farm.one_device().await?;
    assert_eq!(registered.model.as_deref(), Some("HoloLens 2"));
    assert_eq!(registered.serial, Some(hardware.serial));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_powershell_script_writes_registers_its_devices() -> Result<()> {
    let farm = Farm::new().await?;
    let [plain, tagged, of_user, partners] = [1, 2, 3, 4].map(device);
    let three = format!(
        "Device Serial Number,Windows Product ID,Hardware Hash\r\n{},,{}\r\n",
        plain.serial,
        hash(&plain, 1)
    );
    let four = format!(
        "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag\r\n{},,{},Office\r\n",
        tagged.serial,
        hash(&tagged, 1)
    );
    let five = format!(
        "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag,Assigned User\r\n{},,{},,ada@fabrikam.example\r\n",
        of_user.serial,
        hash(&of_user, 1)
    );
    for list in [&three, &four, &five] {
        let seen = farm.world.upload("intune", None, farm.tenant, utf16(list)).await?;
        assert_eq!(seen.counts.get("registered"), Some(&1), "{}", seen.report);
    }
    // `-Partner`: a hash, and neither manufacturer nor model.
    let list = format!(
        "Device Serial Number,Windows Product ID,Hardware Hash,Manufacturer name,Device model\r\n{},,{},,\r\n",
        partners.serial,
        hash(&partners, 1)
    );
    let contoso = Some(&farm.contoso);
    let seen = farm
        .world
        .upload("partner-center", contoso, farm.tenant, utf16(&list))
        .await?;
    assert_eq!(seen.counts.get("registered"), Some(&1), "{}", seen.report);
    let devices = farm.world.devices(farm.tenant).await?;
    let known: Vec<_> = devices
        .iter()
        .filter_map(|device| device.group_tag.as_deref().or(device.assigned_user.as_deref()))
        .collect();
    assert_eq!((devices.len(), known.len()), (4, 2), "{known:?}");
    Ok(())
}
