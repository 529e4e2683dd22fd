//! What virtual machines call themselves. One table for whoever asks whether a device is one, and for the generator.

/// The names that a hypervisor writes into the firmware of its machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hypervisor {
    /// What the system manufacturer begins with.
    pub manufacturer: &'static str,
    /// What the system product name begins with; empty where the manufacturer makes nothing but virtual machines.
    pub product: &'static str,
}

/// Hyper-V. The generator's virtual machines are its.
pub const HYPER_V: Hypervisor = Hypervisor {
    manufacturer: "Microsoft Corporation",
    product: "Virtual Machine",
};

/// All that are known.
pub const HYPERVISORS: [Hypervisor; 8] = [
    HYPER_V,
    made_by("VMware", ""),
    made_by("innotek GmbH", "VirtualBox"),
    made_by("Oracle Corporation", "VirtualBox"),
    made_by("QEMU", ""),
    made_by("Xen", ""),
    made_by("Parallels", ""),
    made_by("Amazon EC2", ""),
];

const fn made_by(manufacturer: &'static str, product: &'static str) -> Hypervisor {
    Hypervisor { manufacturer, product }
}

/// Whether a device of this manufacturer and product name is a virtual machine. Letter case and outer blanks do not count.
pub fn is_virtual_machine(manufacturer: &str, product: &str) -> bool {
    HYPERVISORS
        .iter()
        .any(|known| begins(manufacturer, known.manufacturer) && begins(product, known.product))
}

fn begins(text: &str, start: &str) -> bool {
    let head = text.trim_start().get(..start.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_machines_are_known_by_both_names() {
        for (manufacturer, product, is_virtual) in [
            ("Microsoft Corporation", "Virtual Machine", true),
            (" VMWARE, Inc.", "VMware7,1", true),
            ("QEMU", "", true),
            ("Microsoft Corporation", "Surface Laptop 5", false),
            ("Oracle Corporation", "VirtualBox", true),
            ("Oracle Corporation", "Sun Fire", false),
            ("Xé", "x", false),
            ("Contoso", "Contoso Virtual Machine", false),
            ("", "", false),
        ] {
            assert_eq!(
                is_virtual_machine(manufacturer, product),
                is_virtual,
                "{manufacturer} {product}"
            );
        }
        assert!(HYPERVISORS.iter().all(|known| !known.manufacturer.is_empty()));
    }
}
