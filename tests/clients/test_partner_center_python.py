"""Partner Center's Python SDK, told another base URL."""

import uuid

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


def collection(partner, path, model):
    """A list. The SDK's own operations expect a bare array there, which Partner Center does not send: it sends the
    collection that the SDK has a model for."""
    request = partner._client.get(path)
    answer = partner._client.send(request, {"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    named = [name for name in partner.getvversioncustomerscustomer._deserialize.dependencies if name.endswith(model)]
    kind = next(name for name in named if "ResourceCollection" in name)
    return partner.getvversioncustomerscustomer._deserialize(kind, answer)


def test_a_batch_is_created_polled_listed_and_released(sandbox, devices, until):
    (good, hash), (owned, owned_hash) = devices("PC-1", "PC-2-808")
    tenant = sandbox.tenants["Contoso"]
    partner = client(sandbox, sandbox.tokens["NORTHWIND_ADMIN_AGENT"])
    rows = [
        Device(serial_number=good, hardware_hash=hash),
        Device(serial_number=good, hardware_hash=hash),
        Device(serial_number=owned, hardware_hash=owned_hash),
        Device(serial_number="PC-3", oem_manufacturer_name="Contoso", model_name="Contoso Book 5"),
    ]
    post = partner.postvversioncustomerscustomer
    begun = post.iddevice_batches(tenant, "1", batch_id=BATCH, devices=rows, raw=True, **ids()).response
    assert begun.status_code == 202, begun.text
    location = begun.headers["Location"]
    assert location.startswith(f"/customers/{tenant}/batchJobStatus/"), location
    # As scripts take it apart.
    tracking = location.split("/")[4]
    assert uuid.UUID(tracking)

    get = partner.getvversioncustomerscustomer
    finished = ("finished", "finished_with_errors")
    job = until(lambda: get.id3(tenant, tracking, "1", **ids()), lambda job: job.status in finished)
    assert job.status == "finished_with_errors" and job.batch_tracking_id == tracking
    assert job.completed_time >= job.started_time
    first, second, other, tuple = job.devices_status
    done, twin = (first, second) if first.status == "finished" else (second, first)
    assert done.status == "finished" and done.device_id
    assert (twin.status, twin.error_description) == ("finished_with_errors", "ZtdDeviceDuplicated")
    assert (other.error_code, other.error_description) == ("808", "ZtdDeviceAssignedToOtherTenant")
    assert tuple.status == "finished" and tuple.serial_number == "PC-3"

    batches = collection(partner, f"/v1/customers/{tenant}/deviceBatches", "DeviceBatch")
    assert [batch.id for batch in batches.items] == [BATCH]
    path = f"/v1/customers/{tenant}/deviceBatches/Test%20batch/devices"
    listed = collection(partner, path, "DeploymentDevice").items
    assert sorted(device.serial_number for device in listed) == ["PC-1", "PC-3"]
    assert all(device.hardware_hash is None for device in listed), "a list tells no hash"

    for device in listed:
        gone = partner.deletevversioncustomerscustomer.id3(tenant, BATCH, device.id, "1", raw=True, **ids())
        assert gone.response.status_code == 204, gone.response.text
    assert collection(partner, path, "DeploymentDevice").items == []


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
