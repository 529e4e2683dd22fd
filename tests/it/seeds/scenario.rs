//! A small world, derived from a number: who hands in which lists, and what administrators do in between.

use fastrand::Rng;
use hardware_hash::generate::{Capture, Rewritten, SyntheticDevice};
use journeys::lists::{Row, all_columns, device};

/// A list to drop.
#[derive(Debug, Clone)]
pub(crate) struct List {
    /// The key that it is dropped under, with the number of the tenant in place of its id.
    pub(crate) channel: &'static str,
    pub(crate) partner: Option<&'static str>,
    pub(crate) tenant: usize,
    pub(crate) body: Vec<u8>,
    pub(crate) options: Vec<(&'static str, &'static str)>,
    pub(crate) cuts: Option<Cuts>,
}

/// A list that was cut by an older version of the function, into smaller batches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cuts {
    /// Rows of a batch.
    pub(crate) rows: u32,
    /// Batches of one item.
    pub(crate) per_item: usize,
    /// How many items that version stored before it died.
    pub(crate) items: usize,
}

/// What happens one after the other.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// These lists are dropped at once.
    Lists(Vec<usize>),
    /// The tenant's administrator releases the device that this row registered, if it did.
    Release { list: usize, row: u64 },
    /// A tenant takes its consent back.
    Revoke { tenant: usize, partner: &'static str },
}

/// A small world.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) tenants: usize,
    /// Partners, and the tenants that gave them their consent.
    pub(crate) consents: Vec<(usize, &'static str)>,
    pub(crate) lists: Vec<List>,
    pub(crate) steps: Vec<Step>,
    /// Whether the functions run on one machine, and not in the cloud.
    pub(crate) one_machine: bool,
}

/// Front ends, who uses them, and whether they take hashes and anything else.
const SENDERS: [(&str, Option<&str>, bool, bool); 8] = [
    ("intune", None, true, false),
    ("intune", None, true, false),
    ("m365-business", None, true, false),
    ("store-for-business", None, true, false),
    ("automatic", None, true, false),
    ("oem-direct", Some("northwind"), false, true),
    ("partner-center", Some("contoso"), true, true),
    ("partner-center", Some("contoso"), true, true),
];

impl Scenario {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x5EED);
        let tenants = rng.usize(1..3);
        let lists = [1, 1, 2, 2, 3, 4][rng.usize(0..6)];
        // A small stock of devices, so that lists meet.
        let stock = rng.u64(3..60);
        let lists: Vec<List> = (0..lists).map(|_| list(&mut rng, tenants, stock)).collect();
        let mut consents: Vec<(usize, &str)> = lists.iter().filter_map(|l| Some((l.tenant, l.partner?))).collect();
        consents.sort_unstable();
        consents.dedup();
        consents.retain(|_| rng.u8(0..12) > 0);
        let mut steps = Vec::new();
        if rng.bool() {
            steps.push(Step::Lists((0..lists.len()).collect()));
        } else {
            for (number, list) in lists.iter().enumerate() {
                steps.push(Step::Lists(vec![number]));
                for _ in 0..rng.usize(0..3) {
                    steps.push(Step::Release {
                        list: number,
                        row: rng.u64(1..20),
                    });
                }
                if let (Some(partner), true) = (list.partner, rng.u8(0..6) == 0) {
                    steps.push(Step::Revoke {
                        tenant: list.tenant,
                        partner,
                    });
                }
            }
        }
        let one_machine = rng.u8(0..3) == 0;
        let mut scenario = Self {
            tenants,
            consents,
            lists,
            steps,
            one_machine,
        };
        scenario.add_catalogue(&mut Rng::with_seed(seed ^ 0xCA7A), stock);
        scenario
    }

    /// In every third world a manufacturer makes devices known, before the others, between them or at the same moment.
    fn add_catalogue(&mut self, rng: &mut Rng, stock: u64) {
        if rng.u8(0..3) > 0 {
            return;
        }
        let number = self.lists.len();
        let rows: Vec<Row> = (0..rng.usize(1..30)).map(|_| row(rng, stock, true, false)).collect();
        self.lists.push(List {
            channel: "catalogue",
            partner: Some("northwind"),
            tenant: 0,
            body: all_columns(&rows),
            options: Vec::new(),
            cuts: None,
        });
        if let [Step::Lists(lists)] = self.steps.as_mut_slice() {
            return lists.push(number);
        }
        let at = rng.usize(0..=self.steps.len());
        self.steps.insert(at, Step::Lists(vec![number]));
    }
}

fn list(rng: &mut Rng, tenants: usize, stock: u64) -> List {
    let (channel, partner, hash, other) = SENDERS[rng.usize(0..SENDERS.len())];
    let count = [rng.usize(0..4), rng.usize(1..12), rng.usize(1..12), rng.usize(12..41)][rng.usize(0..4)];
    let rows: Vec<Row> = (0..count).map(|_| row(rng, stock, hash, other)).collect();
    let mut body = all_columns(&rows);
    match rng.u8(0..30) {
        0 => body = b"this,is,no\r\ndevice,list,\r\n".to_vec(),
        1 => body.extend(b"\"not,closed\r\nTEST,,,,,,\r\n"),
        _ => {}
    }
    let mut options = Vec::new();
    if rng.u8(0..4) == 0 {
        options.push(("muster-group-tag", "Upload"));
    }
    if rng.u8(0..4) == 0 {
        options.push(("muster-on-conflict", ["keep", "update"][rng.usize(0..2)]));
    }
    if rng.u8(0..10) == 0 {
        options.push(("muster-strict", "true"));
    }
    if rng.u8(0..40) == 0 {
        options.push(("muster-colour", "red"));
    }
    let cuts = rng.bool().then(|| Cuts {
        rows: u32::try_from(count.div_ceil(rng.usize(1..9))).unwrap_or(1).max(1),
        per_item: rng.usize(1..4),
        items: rng.usize(0..6),
    });
    List {
        channel,
        partner,
        tenant: rng.usize(0..tenants),
        body,
        options,
        cuts,
    }
}

fn row(rng: &mut Rng, stock: u64, hash: bool, other: bool) -> Row {
    let n = rng.u64(0..stock);
    let device = changed(rng, device(n));
    let by_hash = hash && (!other || rng.bool());
    let mut row = if by_hash {
        Row {
            hash: captured(rng, &device),
            serial: device.serial.clone(),
            ..Row::default()
        }
    } else {
        match rng.u8(0..4) {
            0 => Row::of_pkid(&device),
            1 => Row {
                product_id: device.pkid.clone().unwrap_or_default(),
                ..Row::of_tuple(&device)
            },
            _ => Row::of_tuple(&device),
        }
    };
    match rng.u8(0..5) {
        0 => row.group_tag = "Kiosk".to_owned(),
        1 => row.group_tag = "Sales".to_owned(),
        _ => {}
    }
    if rng.u8(0..6) == 0 {
        row.assigned_user = ["ada@fabrikam.example", "grace@fabrikam.example"][rng.usize(0..2)].to_owned();
    }
    if rng.u8(0..10) == 0 {
        spoil(rng, &mut row, stock);
    }
    row
}

/// Now and then a device comes back from repair.
fn changed(rng: &mut Rng, device: SyntheticDevice) -> SyntheticDevice {
    match rng.u8(0..40) {
        0 => device.with_new_disk(1),
        1 => device.with_new_wifi(1),
        2 => device.with_new_board(1, Rewritten::Serial),
        3 => device.with_new_board(1, Rewritten::SerialAndUuid),
        4 => device.without_tpm(),
        _ => device,
    }
}

fn captured(rng: &mut Rng, device: &SyntheticDevice) -> String {
    let capture = Capture {
        time: rng.u32(1..1000),
        docked: rng.u8(0..4) == 0,
        ..Capture::default()
    };
    device.capture(&capture).to_text()
}

fn spoil(rng: &mut Rng, row: &mut Row, stock: u64) {
    let stranger = device(rng.u64(0..stock));
    match rng.u8(0..8) {
        0 => row.hash.truncate(row.hash.len() / 2),
        1 => row.serial = "SOMETHING-ELSE".to_owned(),
        2 => *row = Row::default(),
        3 => row.assigned_user = "nobody".to_owned(),
        4 => row.group_tag = "x".repeat(200),
        5 => row.product_id = stranger.pkid.unwrap_or_default(),
        6 => row.serial = stranger.serial,
        _ => row.product_id = "0000000000000".to_owned(),
    }
}
