"""Partner Center's Python SDK, told another base URL."""

import uuid
from urllib.parse import quote

import pytest
from microsoft.store.partnercenterservices import MicrosoftPartnerStoreApis
from microsoft.store.partnercenterservices.models import (
    MicrosoftPartnerSdkContractsV1DeviceDeploymentConfigurationPolicy as Policy,
)
from microsoft.store.partnercenterservices.models import MicrosoftPartnerSdkContractsV1DeviceDeploymentDevice as Device
from msrest.authentication import BasicTokenAuthentication
from msrestazure.azure_exceptions import CloudError

BATCH = "Test batch"


def client(sandbox, token):
    return MicrosoftPartnerStoreApis(BasicTokenAuthentication({"access_token": token}), base_url=sandbox.url)


def ids():
    return {"ms_request_id": str(uuid.uuid4()), "ms_correlation_id": str(uuid.uuid4())}


def collection(partner, path, model, headers=()):
    """A list. The SDK's own operations expect a bare array there, which Partner Center does not send: it sends the
    collection that the SDK has a model for."""
    request = partner._client.get(path)
    answer = partner._client.send(request, {"Accept": "application/json", **dict(headers)})
    assert answer.status_code == 200, answer.text
    named = [name for name in partner.getvversioncustomerscustomer._deserialize.dependencies if name.endswith(model)]
    kind = next(name for name in named if "ResourceCollection" in name)
    return partner.getvversioncustomerscustomer._deserialize(kind, answer)


FINISHED = ("finished", "finished_with_errors")


def done(partner, tenant, answer, until):
    """What became of a job, in the SDK's words."""
    begun = answer.response
    assert begun.status_code == 202, begun.text
    location = begun.headers["Location"]
    assert location.startswith(f"/customers/{tenant}/batchJobStatus/"), location
    # As scripts take it apart.
    tracking = location.split("/")[4]
    assert uuid.UUID(tracking)
    get = partner.getvversioncustomerscustomer
    job = until(lambda: get.id3(tenant, tracking, "1", **ids()), lambda job: job.status in FINISHED)
    assert job.batch_tracking_id == tracking and job.completed_time >= job.started_time
    return job


def outcome(device):
    return device.status, device.error_code, device.error_description


def test_a_batch_is_created_polled_listed_and_released(sandbox, devices, until):
    (good, hash), (had, had_hash), (owned, owned_hash) = made = devices("PC-1", "PC-2", "PC-3")
    sandbox.register("Contoso", made[1:2])
    (theirs,) = sandbox.register("Fabrikam", made[2:])
    tenant = sandbox.tenants["Contoso"]
    partner = client(sandbox, sandbox.tokens["NORTHWIND_ADMIN_AGENT"])
    post = partner.postvversioncustomerscustomer
    rows = [
        Device(serial_number=good, hardware_hash=hash),
        Device(serial_number=good, hardware_hash=hash),
        Device(serial_number=had, hardware_hash=had_hash),
        Device(serial_number=owned, hardware_hash=owned_hash),
        Device(serial_number="PC-4", oem_manufacturer_name="Contoso", model_name="Contoso Book 5"),
    ]
    begun = post.iddevice_batches(tenant, "1", batch_id=BATCH, devices=rows, raw=True, **ids())
    job = done(partner, tenant, begun, until)
    assert job.status == "finished_with_errors"
    first, second, again, other, tuple = job.devices_status
    finished, twin = (first, second) if first.status == "finished" else (second, first)
    assert outcome(finished) == ("finished", None, None) and finished.device_id
    assert outcome(twin) == ("finished_with_errors", None, "ZtdDeviceDuplicated")
    # The customer's own people registered it, so its id is none of this partner's business.
    assert outcome(again) == ("finished_with_errors", "806", "ZtdDeviceAlreadyAssigned") and not again.device_id
    assert outcome(other) == ("finished_with_errors", "808", "ZtdDeviceAssignedToOtherTenant")
    assert not other.device_id and theirs not in str(job.as_dict())
    assert outcome(tuple) == ("finished", None, None) and tuple.serial_number == "PC-4"
    assert sandbox.owned("Fabrikam") == {"PC-3": theirs}

    # A list more: what the batch has already, and what is new.
    more = [rows[0], Device(product_key="3303012345678")]
    job = done(partner, tenant, post.iddevices(tenant, BATCH, more, "1", raw=True, **ids()), until)
    assert [outcome(device) for device in job.devices_status] == [
        ("finished_with_errors", "806", "ZtdDeviceAlreadyAssigned"),
        ("finished", None, None),
    ]
    # A batch's name is the group tag of its devices: one that is handed in for another batch gets another tag.
    moved = post.iddevice_batches(tenant, "1", batch_id="Kiosk", devices=rows[:1], raw=True, **ids())
    assert done(partner, tenant, moved, until).status == "finished"

    batches = collection(partner, f"/v1/customers/{tenant}/deviceBatches", "DeviceBatch")
    assert [batch.id for batch in batches.items] == ["Kiosk", BATCH]
    lists = {}
    for batch in ("Kiosk", BATCH):
        path = f"/v1/customers/{tenant}/deviceBatches/{quote(batch)}/devices"
        lists[batch] = collection(partner, path, "DeploymentDevice").items
    named = {batch: sorted(device.serial_number or device.product_key for device in lists[batch]) for batch in lists}
    assert named == {"Kiosk": ["PC-1"], BATCH: ["3303012345678", "PC-4"]}
    assert all(device.hardware_hash is None for list in lists.values() for device in list), "a list tells no hash"

    for batch, devices in lists.items():
        for device in devices:
            gone = partner.deletevversioncustomerscustomer.id3(tenant, batch, device.id, "1", raw=True, **ids())
            assert gone.response.status_code == 204, gone.response.text
        path = f"/v1/customers/{tenant}/deviceBatches/{quote(batch)}/devices"
        assert collection(partner, path, "DeploymentDevice").items == []
    assert list(sandbox.owned("Contoso")) == [had]


def test_pages_are_followed_by_the_continuation_token_of_the_sdks_collection(sandbox, until):
    tenant = sandbox.tenants["Contoso"]
    partner = client(sandbox, sandbox.tokens["NORTHWIND_ADMIN_AGENT"])
    serials = [f"PC-{number}" for number in range(201)]
    rows = [Device(serial_number=one, oem_manufacturer_name="Contoso", model_name="Contoso Book 5") for one in serials]
    create = partner.postvversioncustomerscustomer.iddevice_batches
    done(partner, tenant, create(tenant, "1", batch_id=BATCH, devices=rows, raw=True, **ids()), until)
    path, seen, headers = f"/v1/customers/{tenant}/deviceBatches/{quote(BATCH)}/devices", [], {}
    for length in (100, 100, 1):
        page = collection(partner, path, "DeploymentDevice", headers)
        assert (page.total_count, len(page.items)) == (length, length)
        seen += [device.serial_number for device in page.items]
        headers = {"MS-ContinuationToken": page.continuation_token}
    assert page.continuation_token is None
    assert sorted(seen) == sorted(serials)


def test_a_policy_is_made_changed_and_deleted(sandbox):
    """Devices get theirs elsewhere: the SDK holds the policies of a device for read-only, and sends none."""
    tenant = sandbox.tenants["Contoso"]
    partner = client(sandbox, sandbox.tokens["NORTHWIND_ADMIN_AGENT"])
    policy = Policy(name="Kiosks", category="o_o_b_e", policy_settings=["skip_eula", "oobe_user_not_local_admin"])
    made = partner.postvversioncustomerscustomer.idpolicies(tenant, policy, "1", **ids())
    assert (made.name, made.category) == ("Kiosks", "o_o_b_e") and made.created_date
    assert {"skip_eula", "oobe_user_not_local_admin"} <= set(made.policy_settings)
    listed = collection(partner, f"/v1/customers/{tenant}/policies", "ConfigurationPolicy").items
    assert [one.id for one in listed] == [made.id]
    made.name = "Kiosks, ground floor"
    partner.putvversioncustomerscustomer.id1(tenant, made.id, made, "1", **ids())
    assert partner.getvversioncustomerscustomer.id4(tenant, made.id, "1", **ids()).name == made.name
    gone = partner.deletevversioncustomerscustomer.id4(tenant, made.id, "1", raw=True, **ids()).response
    assert gone.status_code == 204
    assert collection(partner, f"/v1/customers/{tenant}/policies", "ConfigurationPolicy").items == []


def test_a_request_that_is_sent_again_is_carried_out_once(sandbox, devices):
    ((serial, hash),) = devices("PC-1")
    tenant = sandbox.tenants["Contoso"]
    partner = client(sandbox, sandbox.tokens["NORTHWIND_ADMIN_AGENT"])
    same, device = ids(), Device(serial_number=serial, hardware_hash=hash)
    create = partner.postvversioncustomerscustomer.iddevice_batches
    answers = [create(tenant, "1", batch_id=BATCH, devices=[device], raw=True, **same).response for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]


def test_without_consent_the_code_says_so(sandbox, devices):
    ((serial, hash),) = devices("PC-1")
    partner = client(sandbox, sandbox.tokens["NORTHWIND_ADMIN_AGENT"])
    create = partner.postvversioncustomerscustomer.iddevice_batches
    device = Device(serial_number=serial, hardware_hash=hash)
    answer = create(sandbox.tenants["Fabrikam"], "1", batch_id=BATCH, devices=[device], raw=True, **ids()).response
    assert answer.status_code == 403 and int(answer.json()["code"]) == 20002, answer.text


def test_a_status_that_the_sdk_does_not_know_is_its_own_error(sandbox):
    partner = client(sandbox, sandbox.tokens["NORTHWIND_ADMIN_AGENT"])
    create = partner.postvversioncustomerscustomer.iddevice_batches
    device = Device(serial_number="PC-1", oem_manufacturer_name="Contoso", model_name="Contoso Book 5")
    create(sandbox.tenants["Contoso"], "1", batch_id=BATCH, devices=[device], **ids())
    with pytest.raises(CloudError):
        # Names are unique: 409.
        create(sandbox.tenants["Contoso"], "1", batch_id=BATCH, devices=[device], **ids())
