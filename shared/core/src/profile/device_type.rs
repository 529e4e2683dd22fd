//! Kinds of device that profiles are for.

use hardware_hash::hypervisor::is_virtual_machine;
use serde::{Deserialize, Serialize};

use super::settings::names;

/// A kind of device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DeviceType {
    /// A Windows PC.
    #[default]
    #[serde(rename = "windowsPc")]
    WindowsPc,
    /// A HoloLens 2.
    #[serde(rename = "holoLens")]
    HoloLens,
    /// A Surface Hub 2.
    #[serde(rename = "surfaceHub2")]
    SurfaceHub2,
    /// A Surface Hub 2S.
    #[serde(rename = "surfaceHub2S")]
    SurfaceHub2S,
    /// A virtual machine.
    #[serde(rename = "virtualMachine")]
    VirtualMachine,
}

names!(
    DeviceType,
    WindowsPc => "windowsPc",
    HoloLens => "holoLens",
    SurfaceHub2 => "surfaceHub2",
    SurfaceHub2S => "surfaceHub2S",
    VirtualMachine => "virtualMachine",
);

impl DeviceType {
    /// The kind of device that goes by this manufacturer and model; nothing where one of them is not known.
    #[must_use]
    pub fn of(manufacturer: Option<&str>, model: Option<&str>) -> Option<Self> {
        let (manufacturer, model) = (manufacturer?.trim(), model?.trim());
        if is_virtual_machine(manufacturer, model) {
            return Some(Self::VirtualMachine);
        }
        let (manufacturer, model) = (manufacturer.to_ascii_lowercase(), model.to_ascii_lowercase());
        if manufacturer.starts_with("microsoft") {
            let own = [
                ("hololens", Self::HoloLens),
                ("surface hub 2s", Self::SurfaceHub2S),
                ("surface hub 2", Self::SurfaceHub2),
            ];
            if let Some((_, kind)) = own.into_iter().find(|(name, _)| model.starts_with(name)) {
                return Some(kind);
            }
        }
        Some(Self::WindowsPc)
    }

    /// Whether a profile for this kind is for a device of that kind. A virtual machine is a Windows PC, too, and no state
    /// is documented for a profile for virtual machines that meets a PC.
    #[must_use]
    pub fn fits(self, device: Self) -> bool {
        let pc = |kind| matches!(kind, Self::WindowsPc | Self::VirtualMachine);
        self == device || pc(self) && pc(device)
    }
}
