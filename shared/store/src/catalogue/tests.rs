//! Entries on the embedded engine: listed, led to, withdrawn, and held against devices.

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use engines::Database;
use hardware_hash::generate::{Capture, Generator};
use muster_core::Timestamp;
use muster_core::catalogue::{EntryContext, EntryDecision, decide};
use muster_core::channel::Channel;
use muster_core::device::{Device, RowContext};
use muster_core::grant::{Grant, GrantPin, Verb};
use muster_core::id::{PartnerId, TenantId, UploadId};
use muster_core::identity::KeyKind;
use muster_core::inbox::OnConflict;
use muster_core::outcome::Outcome;
use muster_core::party::Registrant;
use muster_core::record::{Place, Record};
use muster_core::report::RowOutcome;
use muster_core::row::{RawRow, read as read_row};

use super::*;
use crate::connection::{Connection, Credentials};
use crate::devices::{Devices, PlannedRow, Slice, SliceWritten};
use crate::grants::Grants;
use crate::receipts::Receipt;
use muster_core::decide::Decision;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn oem(name: &str) -> PartnerId {
    name.parse().unwrap()
}

struct World {
    _database: Database,
    catalogue: Catalogue,
    devices: Devices,
    grants: Grants,
}

impl World {
    async fn new() -> Self {
        let database = Database::new().unwrap();
        let http: SharedHttpClient = database.http_client();
        let credentials = Credentials {
            access_key: "test".to_owned(),
            secret_key: "test".to_owned(),
        };
        let table = Table::new(
            &Connection::embedded(http.clone(), http, &credentials),
            database.table(),
        );
        table.create().await.unwrap();
        Self {
            _database: database,
            catalogue: Catalogue::new(table.clone()),
            devices: Devices::new(table.clone()),
            grants: Grants::new(table),
        }
    }

    async fn pin(&self, partner: &PartnerId) -> GrantPin {
        let grant = self.grants.ensure_catalogue(partner, at(1)).await.unwrap();
        Grant::permit(Some(&grant), Verb::Register, Channel::Catalogue, at(2)).unwrap()
    }

    async fn write(&self, partner: &PartnerId, row: u64, decision: EntryDecision) -> SliceWritten {
        let keys = decision
            .stored()
            .iter()
            .flat_map(|entry| entry.leading_keys())
            .collect();
        let leads = self.catalogue.leads(&keys).await.unwrap();
        self.write_seen(partner, row, decision, leads).await
    }

    /// The same, of a row that was decided about when its identities led there.
    async fn write_seen(&self, partner: &PartnerId, row: u64, decision: EntryDecision, leads: Leads) -> SliceWritten {
        let pin = self.pin(partner).await;
        let outcome = RowOutcome {
            row,
            outcome: decision.outcome(),
            device: None,
            entry: decision.entry(),
            other_line: None,
            detail: None,
        };
        let slice = EntrySlice {
            pin: &pin,
            shard: 0,
            now: at(10),
            receipt: &Receipt {
                upload: upload(),
                batch: 0,
                rows: vec![outcome],
            },
            rows: &[PlannedEntry { row, decision, leads }],
        };
        self.catalogue.write_slice(&slice).await.unwrap()
    }

    /// Lists the n-th device in this catalogue.
    async fn list(&self, partner: &PartnerId, n: u64, meant: Option<&PartnerId>) -> Entry {
        let EntryDecision::Insert(entry) = new_entry(partner, n, meant) else {
            panic!("it is new")
        };
        let written = self
            .write(partner, row_of(partner, n), EntryDecision::Insert(entry.clone()))
            .await;
        assert_eq!(written, SliceWritten::Done);
        *entry
    }

    /// Registers a device, on the condition that this entry is listed.
    async fn register(&self, device: Device, entry: EntrySeen) -> SliceWritten {
        let tenant = device.tenant;
        let own = self.grants.ensure_own(tenant, at(1)).await.unwrap();
        let pin = Grant::permit(Some(&own), Verb::Register, Channel::Intune, at(2)).unwrap();
        let row = device.source.place.row;
        let outcome = RowOutcome {
            row,
            outcome: Outcome::Registered,
            device: None,
            entry: None,
            other_line: None,
            detail: None,
        };
        let slice = Slice {
            pin: &pin,
            shard: 0,
            now: at(10),
            receipt: &Receipt {
                upload: device.source.upload.clone(),
                batch: 7,
                rows: vec![outcome],
            },
            rows: &[PlannedRow {
                row,
                decision: Decision::Insert(Box::new(device)),
                entry: Some(entry),
            }],
        };
        self.devices.write_slice(&slice).await.unwrap()
    }

    async fn withdraw(&self, partner: &PartnerId, id: EntryId) -> Withdrawn {
        let pin = self.pin(partner).await;
        let by = Withdrawal {
            pin: &pin,
            partner,
            now: at(20),
        };
        self.catalogue.withdraw(id, &by).await.unwrap()
    }

    async fn led_to(&self, entry: &Entry) -> Vec<EntryId> {
        let keys = entry.leading_keys().collect();
        let mut found: Vec<EntryId> = self
            .catalogue
            .led_to(&keys)
            .await
            .unwrap()
            .iter()
            .map(|e| e.id)
            .collect();
        found.sort_unstable();
        found
    }
}

/// A row for each manufacturer and device.
fn row_of(partner: &PartnerId, n: u64) -> u64 {
    1000 * u64::try_from(partner.as_str().len()).unwrap() + n
}

fn upload() -> UploadId {
    UploadId::of_object("b", "k", "1")
}

fn record(n: u64) -> Record {
    let hash = Generator::new(11).device(n).capture(&Capture::default()).to_text();
    let raw = RawRow {
        hardware_hash: Some(&hash),
        ..RawRow::default()
    };
    let place = Place {
        row: n,
        line: n + 1,
        offset: 0,
        len: 1,
    };
    read_row(&raw, place, Channel::Catalogue, &mut Vec::new()).unwrap()
}

fn new_entry(partner: &PartnerId, n: u64, meant: Option<&PartnerId>) -> EntryDecision {
    let upload = upload();
    let names = ["Contoso".to_owned()].into();
    let context = EntryContext {
        manufacturers: &names,
        upload: &upload,
        partner,
        intended_for: meant,
        now: at(10),
    };
    decide(&record(n), &context, &[])
}

fn device(n: u64) -> Device {
    let upload = UploadId::of_object("b", "list", "1");
    let context = RowContext {
        upload: &upload,
        tenant: TenantId::of_name("Fabrikam"),
        registrant: &Registrant::Tenant,
        channel: Channel::Intune,
        group_tag: None,
        on_conflict: OnConflict::Update,
        now: at(10),
    };
    Device::new(&record(n), &context)
}

#[tokio::test]
async fn an_identity_leads_to_all_entries_that_have_it_until_they_are_withdrawn() {
    let world = World::new().await;
    let (northwind, tailspin) = (oem("northwind"), oem("tailspin"));
    let first = world.list(&northwind, 1, None).await;
    let second = world.list(&tailspin, 1, None).await;
    let mut both = vec![first.id, second.id];
    both.sort_unstable();
    assert_eq!(world.led_to(&first).await, both);
    assert!(matches!(world.withdraw(&northwind, first.id).await, Withdrawn::Done(_)));
    assert_eq!(world.led_to(&first).await, [second.id]);
    assert!(matches!(world.withdraw(&tailspin, second.id).await, Withdrawn::Done(_)));
    assert_eq!(world.led_to(&first).await, []);
    for key in first.leading_keys() {
        let item = world
            .catalogue
            .table
            .get_attributes(&keys::known(key), true)
            .await
            .unwrap();
        assert_eq!(item, None, "what leads nowhere is gone");
    }
}

#[tokio::test]
async fn a_withdrawal_is_repeated_without_harm_and_others_entries_do_not_exist() {
    let world = World::new().await;
    let (northwind, tailspin) = (oem("northwind"), oem("tailspin"));
    let entry = world.list(&northwind, 1, None).await;
    assert_eq!(world.withdraw(&tailspin, entry.id).await, Withdrawn::Absent);
    for _ in 0..2 {
        let Withdrawn::Done(withdrawn) = world.withdraw(&northwind, entry.id).await else {
            panic!("nobody owns it")
        };
        assert_eq!((withdrawn.state, withdrawn.version), (EntryState::Withdrawn, 2));
    }
    let page = world
        .catalogue
        .list(&northwind, &EntryFilter::default(), None, 10)
        .await;
    assert!(page.unwrap().entries.is_empty());
}

#[tokio::test]
async fn what_somebody_registered_stays_and_by_what_is_withdrawn_nobody_registers() {
    let world = World::new().await;
    let northwind = oem("northwind");
    let owned = world.list(&northwind, 1, None).await;
    assert_eq!(world.register(device(1), (&owned).into()).await, SliceWritten::Done);
    assert_eq!(world.withdraw(&northwind, owned.id).await, Withdrawn::Owned);
    assert_eq!(world.led_to(&owned).await, [owned.id]);

    let free = world.list(&northwind, 2, None).await;
    assert!(matches!(world.withdraw(&northwind, free.id).await, Withdrawn::Done(_)));
    let late = world.register(device(2), (&free).into()).await;
    assert_eq!(
        late,
        SliceWritten::Stale {
            rows: vec![0],
            busy: false
        }
    );
    assert_eq!(world.devices.get(device(2).id).await.unwrap(), None);
}

#[tokio::test]
async fn no_two_entries_that_did_not_know_of_each_other_share_an_identity() {
    let world = World::new().await;
    let northwind = oem("northwind");
    let first = world.list(&northwind, 1, None).await;
    // Another device with the names of the first one, planned before that one was listed.
    let EntryDecision::Insert(mut twin) = new_entry(&northwind, 2, None) else {
        panic!("it is new")
    };
    let names = |entry: &Entry| {
        entry
            .keys
            .iter()
            .copied()
            .find(|key| key.kind() == KeyKind::Tuple)
            .unwrap()
    };
    twin.keys.retain(|key| key.kind() != KeyKind::Tuple);
    twin.keys.push(names(&first));
    let decision = EntryDecision::Insert(twin);
    let written = world.write_seen(&northwind, 2, decision.clone(), Leads::new()).await;
    let stale = SliceWritten::Stale {
        rows: vec![0],
        busy: false,
    };
    assert_eq!(written, stale);
    assert_eq!(world.led_to(&first).await, [first.id]);
    // What another manufacturer listed is seen, too, and so is what was withdrawn since.
    let tailspin = oem("tailspin");
    let seen = world.catalogue.leads(&first.leading_keys().collect()).await.unwrap();
    assert!(matches!(world.withdraw(&northwind, first.id).await, Withdrawn::Done(_)));
    let theirs = new_entry(&tailspin, 1, None);
    assert_eq!(world.write_seen(&tailspin, 3, theirs.clone(), seen).await, stale);
    assert_eq!(world.write(&tailspin, 3, theirs).await, SliceWritten::Done);
}

#[tokio::test]
async fn a_slice_is_written_once_and_an_entry_at_the_version_that_was_seen() {
    let world = World::new().await;
    let northwind = oem("northwind");
    world.list(&northwind, 1, None).await;
    assert_eq!(
        world
            .write(&northwind, row_of(&northwind, 1), new_entry(&northwind, 1, None))
            .await,
        SliceWritten::Repeated
    );
    let again = world.write(&northwind, 5, new_entry(&northwind, 1, None)).await;
    assert_eq!(
        again,
        SliceWritten::Stale {
            rows: vec![0],
            busy: false
        }
    );
}

#[tokio::test]
async fn a_catalogue_is_listed_in_pages_of_any_size_by_whom_it_is_meant_for() {
    let world = World::new().await;
    let (northwind, fabrikam) = (oem("northwind"), oem("fabrikam"));
    for n in 0..30 {
        world.list(&northwind, n, (n % 3 == 0).then_some(&fabrikam)).await;
    }
    world.list(&oem("tailspin"), 99, Some(&fabrikam)).await;
    let meant = EntryFilter {
        intended_for: Some(fabrikam),
        ..EntryFilter::default()
    };
    let serial = EntryFilter {
        serial_prefix: "TEST-B-000002".to_owned(),
        ..EntryFilter::default()
    };
    for (filter, expected) in [(EntryFilter::default(), 30), (meant, 10), (serial, 10)] {
        for limit in [1, 4, 30, 1000] {
            let (mut ids, mut from) = (BTreeSet::new(), None);
            loop {
                let page = world
                    .catalogue
                    .list(&northwind, &filter, from.as_deref(), limit)
                    .await
                    .unwrap();
                assert!(page.entries.len() <= limit);
                for entry in page.entries {
                    assert!(ids.insert(entry.id), "each once");
                }
                from = page.next;
                if from.is_none() {
                    break;
                }
            }
            assert_eq!(ids.len(), expected, "{filter:?} by {limit}");
        }
    }
    let nonsense = world
        .catalogue
        .list(&northwind, &EntryFilter::default(), Some("9:x"), 1)
        .await;
    assert!(nonsense.is_err());
}
