//! The invariants, and what a person is told of each.

/// The words of an invariant that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Why it matters.
    pub why: &'static str,
    /// What a repair does, where there is one way to mend it.
    pub repair: Option<&'static str>,
    /// What a person does otherwise.
    pub by_hand: &'static str,
}

const fn mended(why: &'static str, repair: &'static str, by_hand: &'static str) -> Words {
    Words {
        why,
        repair: Some(repair),
        by_hand,
    }
}

const fn left(why: &'static str, by_hand: &'static str) -> Words {
    Words {
        why,
        repair: None,
        by_hand,
    }
}

const AGAIN: &str = "Run the check again.";
const BACKUP: &str = "Put a backup in its place, or look for who writes beside Muster.";
const DIRECTORY: &str = "Put a backup of the whole data directory in its place.";
const ANEW: &str = "Revoke the consent and give it anew.";
const RELEASE: &str = "Release the device, then upload its list again.";
const UPLOAD: &str = "Upload the file again: rows that are registered come out as unchanged.";

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident $name:literal => $words:expr;)*) => {
        /// An invariant that does not hold.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $code,)*
        }

        impl Code {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }

            /// What a person is told.
            #[must_use]
            pub const fn words(self) -> Words {
                match self {
                    $(Self::$code => $words,)*
                }
            }
        }
    };
}

codes! {
    /// An item of a kind that nobody knows.
    UnknownItem "unknown-item" => left("Nothing reads it.", "Look for who writes to the table beside Muster, or use the newest Muster.");
    /// An item of another schema version.
    OtherVersion "other-version" => left("Another version of Muster wrote it, and this one may misread it.", "Use the newest Muster.");
    /// An item that cannot be read.
    Unreadable "unreadable" => left("Whatever needs it fails.", BACKUP);
    /// An item that is in an index where it does not belong, or is not where it does.
    WrongIndex "wrong-index" => mended("Lists or sweep miss it, or show what is not so.", "puts it where it belongs in the indexes", AGAIN);
    /// A tenant that something refers to and that is not there.
    TenantMissing "tenant-missing" => left("Nobody can act for that tenant.", BACKUP);
    /// A partner that something refers to and that is not there.
    PartnerMissing "partner-missing" => left("Nobody can act as that partner.", BACKUP);
    /// A tenant whose name is not reserved.
    NameMissing "name-missing" => mended("The tenant is not found by its name, and another one may take it.", "reserves the name", AGAIN);
    /// A reserved name that belongs to no such tenant.
    NameOrphaned "name-orphaned" => mended("No tenant can be called so.", "frees the name", AGAIN);
    /// A name that two tenants have.
    NameTwice "name-twice" => left("By this name only the other one is found.", "Use the tenant's id instead of its name.");
    /// A tenant without the grant for its own administrators.
    OwnGrantMissing "own-grant-missing" => mended("Its own administrators cannot register anything.", "makes the grant that every tenant has for itself", AGAIN);
    /// A shard that is not there though its grant is in force.
    ShardMissing "shard-missing" => mended("Some batches are refused although there is consent.", "opens the shard as the grant says", AGAIN);
    /// A shard that lets writers in though its grant does not.
    ShardOpen "shard-open" => mended("Devices can be registered without consent.", "closes the shard", AGAIN);
    /// A shard that says something else than its grant.
    ShardDiffers "shard-differs" => left("Some batches are refused although there is consent, or consent does not end when it should.", ANEW);
    /// A shard without a grant.
    ShardOrphaned "shard-orphaned" => mended("Devices can be registered without consent.", "removes the shard", AGAIN);
    /// A grant that its partner does not see.
    PointerMissing "pointer-missing" => mended("The partner does not see the consent in its list.", "makes the partner's pointer to it", AGAIN);
    /// A partner's pointer to a grant that is not there.
    PointerOrphaned "pointer-orphaned" => left("The consent is lost: nobody can decide about it.", "Let the partner ask for consent again, with `muster consent request`.");
    /// An entry about a decision that the consent does not know of.
    ConsentChangeOrphaned "consent-change-orphaned" => left("The consent was lost, or set back: it may allow what was taken back since.", BACKUP);
    /// A decision about consent that is half carried out, and that sweep has given up.
    DecisionStuck "decision-stuck" => mended("Some batches are refused and others are not, and whoever decided was not answered.", "carries the decision out", "Decide once more; `muster consent list` shows the command.");
    /// A registered device that does not hold one of its identities.
    ClaimMissing "claim-missing" => mended("The device is not found by that identity, and another device could take it.", "claims the identity for the device", AGAIN);
    /// An identity that is held for a device that is not registered.
    ClaimOrphaned "claim-orphaned" => mended("Nobody can register that identity.", "frees the identity", AGAIN);
    /// An identity that two registered devices have.
    IdentityTwice "identity-twice" => left("Two devices cannot be one, and only the other is found by that identity.", "Find out which of the two is right, and release the other one with `muster devices release`.");
    /// A claim that differs from its device.
    ClaimDiffers "claim-differs" => left("Rows with that identity are answered wrongly.", RELEASE);
    /// A listed entry of a catalogue that one of its identities does not lead to.
    EntryUnknown "entry-unknown" => mended("Rows with that identity do not find the device that its manufacturer made known.", "lets the identity lead to the entry", AGAIN);
    /// An identity that leads to no such entry of a catalogue.
    LeadOrphaned "lead-orphaned" => mended("Rows with that identity are looked up in vain.", "lets the identity lead there no more", AGAIN);
    /// A registered device without any identity.
    NoIdentity "no-identity" => left("No row finds the device, so it will be registered a second time.", RELEASE);
    /// A merged device that leads to no device of its tenant, or one that is not merged and leads somewhere.
    MergeBroken "merge-broken" => left("Whoever knows the device by this id does not find what became of it.", BACKUP);
    /// A record of a change of a device that is not there, or that never had that version.
    DeviceChangeOrphaned "device-change-orphaned" => left("The history tells what did not happen.", BACKUP);
    /// A record of contacts of a device that is not there.
    ContactOrphaned "contact-orphaned" => left("Nothing shows it.", BACKUP);
    /// A device that comes from another row than it names, or names a row that cannot have registered it.
    SourceWrong "source-wrong" => left("The file and the hash of the device are looked for where they are not.", RELEASE);
    /// A profile that a device is named by and that is not there.
    ProfileMissing "profile-missing" => mended("A profile of that id would have the device on its list.", "takes the device off the list", AGAIN);
    /// Rules of a tenant's profiles that are not those of the profiles.
    ProfileRulesDiffer "profile-rules-differ" => mended("Devices get another profile than the one that is assigned, or none.", "makes the rules anew from the profiles", AGAIN);
    /// A profile that has no rule.
    ProfileRuleMissing "profile-rule-missing" => left("No device gets the profile, and it counts as none of the tenant's.", BACKUP);
    /// An upload that something refers to and that is not there.
    UploadMissing "upload-missing" => left("Nobody can tell where this came from.", BACKUP);
    /// An upload that is not finished and that sweep does not look after.
    NotWatched "not-watched" => mended("Should its messages be lost, nobody notices.", "lets sweep look after it", AGAIN);
    /// An upload in a state that cannot be.
    StateImpossible "state-impossible" => left("What it says of itself is not to be believed.", UPLOAD);
    /// Cuts that are not those of one file.
    CutsBroken "cuts-broken" => left("Rows may be lost or done twice.", UPLOAD);
    /// A record of done batches that does not fit the cuts.
    ProgressBroken "progress-broken" => left("The upload may end too early, or never.", UPLOAD);
    /// A count of done rows that is not that of the batches done.
    RowsMiscounted "rows-miscounted" => mended("The progress that is shown is wrong.", "counts the rows again", AGAIN);
    /// An object that is needed and not there.
    ObjectMissing "object-missing" => left("What the registry says cannot be looked up or gone on with.", UPLOAD);
    /// An object that is there and cannot be read, or does not say what it should.
    ObjectUnreadable "object-unreadable" => left("What the registry says cannot be looked up or gone on with.", UPLOAD);
    /// Outcomes of rows that do not fit their batch.
    ReceiptBroken "receipt-broken" => left("The report tells what did not happen.", UPLOAD);
    /// A device that was registered by a row whose receipt does not tell of it.
    ReceiptMissing "receipt-missing" => left("The report does not tell of that device.", "Look at it with `muster devices show`. If it should not be registered, release it with `muster devices release`; otherwise upload its list again.");
    /// A receipt that never expires.
    ReceiptKept "receipt-kept" => mended("It stays in the table for ever.", "lets it expire in 30 days", AGAIN);
    /// A device that a receipt tells of and that is not there.
    DeviceMissing "device-missing" => left("The report tells of a device that does not exist.", UPLOAD);
    /// A database file of the embedded engines that is damaged.
    DatabaseDamaged "database-damaged" => left("Nothing in it is to be believed, and the rest was not checked.", DIRECTORY);
    /// The body of an object of the embedded S3 that is gone.
    BodyMissing "body-missing" => left("The object is listed, and cannot be read.", DIRECTORY);
    /// The body of an object of the embedded S3 that is not as it was written.
    BodyDamaged "body-damaged" => left("The object cannot be read, or not as it was written.", DIRECTORY);
    /// Counts that are not those of the rows.
    CountsDiffer "counts-differ" => left("The summary tells what did not happen.", UPLOAD);
}
