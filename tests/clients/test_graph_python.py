"""Microsoft's Python SDK for Graph, told another URL. It works by http, too, where that leads to this machine."""

import asyncio
import base64

import pytest
from azure.core.credentials import AccessToken
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.device_management.imported_windows_autopilot_device_identities.import_ import (
    import_post_request_body as importing,
)
from msgraph.generated.device_management.windows_autopilot_device_identities import (
    windows_autopilot_device_identities_request_builder as listing,
)
from msgraph.generated.device_management.windows_autopilot_device_identities.item.assign_user_to_device import (
    assign_user_to_device_post_request_body as assigning,
)
from msgraph.generated.device_management.windows_autopilot_device_identities.item.update_device_properties import (
    update_device_properties_post_request_body as updating,
)
from msgraph.generated.models.imported_windows_autopilot_device_identity import ImportedWindowsAutopilotDeviceIdentity
from msgraph.generated.models.imported_windows_autopilot_device_identity_import_status import (
    ImportedWindowsAutopilotDeviceIdentityImportStatus as Status,
)
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph_core.tasks.page_iterator import PageIterator


class Given:
    """A credential that has its token already."""

    def __init__(self, token):
        self.token = token

    def get_token(self, *scopes, **options):
        return AccessToken(self.token, 2**31)


def client(sandbox, token):
    return GraphServiceClient(request_adapter=adapter(sandbox, token)).device_management


def adapter(sandbox, token):
    host = sandbox.url.split("/")[2].split(":")[0]
    provider = AzureIdentityAuthenticationProvider(Given(token), allowed_hosts=[host])
    adapter = GraphRequestAdapter(provider)
    adapter.base_url = f"{sandbox.url}/v1.0"
    return adapter


def row(serial, hash, tag=None):
    return ImportedWindowsAutopilotDeviceIdentity(
        serial_number=serial, hardware_identifier=base64.b64decode(hash), group_tag=tag, product_key=""
    )


def query(**parameters):
    of = listing.WindowsAutopilotDeviceIdentitiesRequestBuilder
    return RequestConfiguration(
        query_parameters=of.WindowsAutopilotDeviceIdentitiesRequestBuilderGetQueryParameters(**parameters)
    )


async def story(graph, good, had, owned, theirs):
    rows = [row(*good, "Office"), row(*good, "Office"), row(*had), row(*owned, "Office")]
    body = importing.ImportPostRequestBody(imported_windows_autopilot_device_identities=rows)
    begun = await graph.imported_windows_autopilot_device_identities.import_.post(body)
    assert [one.state.device_import_status for one in begun.value] == [Status.Unknown] * 4

    # As scripts do: until nothing is unknown any more.
    for _ in range(300):
        imports = (await graph.imported_windows_autopilot_device_identities.get()).value
        if all(one.state.device_import_status != Status.Unknown for one in imports):
            break
        await asyncio.sleep(0.2)
    by_id = {one.id: one for one in imports}
    first, second, again, other = (by_id[one.id].state for one in begun.value)
    done, twin = (first, second) if first.device_import_status == Status.Complete else (second, first)
    assert done.device_import_status == Status.Complete and done.device_error_code == 0
    told = [(one.device_import_status, one.device_error_code, one.device_error_name) for one in (twin, again, other)]
    assert told == [
        (Status.Error, 0, "ZtdDeviceDuplicated"),
        (Status.Error, 806, "ZtdDeviceAlreadyAssigned"),
        (Status.Error, 808, "ZtdDeviceAssignedToOtherTenant"),
    ]
    assert not other.device_registration_id and not any(said in str(vars(by_id[begun.value[3].id])) for said in theirs)

    identities = graph.windows_autopilot_device_identities
    found = (await identities.get(query(filter=f"contains(serialNumber,'{good[0]}')"))).value
    assert [(one.id, one.serial_number, one.group_tag) for one in found] == [
        (done.device_registration_id, good[0], "Office")
    ]
    device = identities.by_windows_autopilot_device_identity_id(found[0].id)
    await device.update_device_properties.post(updating.UpdateDevicePropertiesPostRequestBody(group_tag="Kiosk"))
    await device.assign_user_to_device.post(
        assigning.AssignUserToDevicePostRequestBody(
            user_principal_name="ada@contoso.onmicrosoft.com", addressable_user_name="Ada"
        )
    )
    seen = await device.get()
    assert (seen.group_tag, seen.user_principal_name) == ("Kiosk", "ada@contoso.onmicrosoft.com")
    await device.unassign_user_from_device.post()
    assert not (await device.get()).user_principal_name

    # The rows of the queue go, and the device stays until it is released.
    for one in imports:
        await graph.imported_windows_autopilot_device_identities.by_imported_windows_autopilot_device_identity_id(
            one.id
        ).delete()
    assert (await graph.imported_windows_autopilot_device_identities.get()).value == []
    assert (await device.get()).serial_number == good[0]
    await device.delete()
    with pytest.raises(ODataError) as gone:
        await device.get()
    assert gone.value.response_status_code == 404


def test_a_batch_is_imported_changed_and_released(sandbox, devices):
    good, had, owned = devices("PC-1", "PC-2", "PC-3")
    sandbox.register("Contoso", [had])
    (theirs,) = sandbox.register("Fabrikam", [owned])
    graph = client(sandbox, sandbox.tokens["CONTOSO_DEVICE_ADMINISTRATOR"])
    asyncio.run(story(graph, good, had, owned, ["Fabrikam", sandbox.tenants["Fabrikam"], theirs]))
    assert sandbox.owned("Fabrikam") == {"PC-3": theirs}
    assert list(sandbox.owned("Contoso")) == ["PC-2"]


async def page_by_page(adapter):
    identities = GraphServiceClient(request_adapter=adapter).device_management.windows_autopilot_device_identities
    first = await identities.get(query(top=2))
    assert len(first.value) == 2 and first.odata_next_link
    seen, pages = [], PageIterator(first, adapter)
    await pages.iterate(lambda one: seen.append(one.serial_number) or True)
    return seen


def test_pages_are_followed_by_the_sdks_own_iterator(sandbox, devices):
    made = devices(*(f"PC-{number}" for number in range(5)))
    sandbox.register("Contoso", made)
    seen = asyncio.run(page_by_page(adapter(sandbox, sandbox.tokens["CONTOSO_READER"])))
    assert sorted(seen) == [serial for serial, _ in made]


def test_who_may_not_is_told_so_in_the_sdks_own_error(sandbox):
    graph = client(sandbox, "no token")
    with pytest.raises(ODataError) as refused:
        asyncio.run(graph.windows_autopilot_device_identities.get())
    assert refused.value.response_status_code == 401 and refused.value.error.message
