// What a program does with @microsoft/microsoft-graph-client: the argument is where the package is, stdin says where the
// server is and which devices to hand in.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as wait } from "node:timers/promises";

const require = createRequire(`${process.argv[2]}/`);
const { BatchRequestContent, BatchResponseContent, Client, GraphError, PageIterator } = require(
  "@microsoft/microsoft-graph-client",
);

const { url, token, good, had, owned, theirs } = JSON.parse(readFileSync(0, "utf8"));
const client = Client.init({
  baseUrl: url,
  defaultVersion: "v1.0",
  customHosts: new Set([new URL(url).hostname]),
  authProvider: (done) => done(null, token),
});
const imports = "/deviceManagement/importedWindowsAutopilotDeviceIdentities";
const identities = "/deviceManagement/windowsAutopilotDeviceIdentities";
const row = ([serialNumber, hardwareIdentifier], groupTag) => ({
  "@odata.type": "#microsoft.graph.importedWindowsAutopilotDeviceIdentity",
  groupTag,
  serialNumber,
  productKey: "",
  hardwareIdentifier,
  assignedUserPrincipalName: "",
});

const rows = [row(good, "Office"), row(good, "Office"), row(had[0], ""), row(owned, "Office")];
const begun = await client.api(`${imports}/import`).post({ importedWindowsAutopilotDeviceIdentities: rows });
assert.deepEqual(
  begun.value.map((one) => one.state.deviceImportStatus),
  rows.map(() => "unknown"),
);

let listed;
for (let turn = 0; turn < 300; turn++) {
  listed = (await client.api(imports).get()).value;
  if (listed.every((one) => one.state.deviceImportStatus !== "unknown")) break;
  await wait(200);
}
const stateOf = ({ id }) => listed.find((one) => one.id === id).state;
const [first, second, again, other] = begun.value.map(stateOf);
const [done, twin] = first.deviceImportStatus === "complete" ? [first, second] : [second, first];
assert.equal(done.deviceImportStatus, "complete");
assert.deepEqual(
  [twin, again, other].map((one) => [one.deviceImportStatus, one.deviceErrorCode, one.deviceErrorName]),
  [
    ["error", 0, "ZtdDeviceDuplicated"],
    ["error", 806, "ZtdDeviceAlreadyAssigned"],
    ["error", 808, "ZtdDeviceAssignedToOtherTenant"],
  ],
);
assert.ok(!other.deviceRegistrationId);
assert.ok(!theirs.some((said) => JSON.stringify(listed).includes(said)));

// All devices, two a page.
const all = [];
const page = await client.api(identities).top(2).get();
assert.ok(page.value.length === 2 && page["@odata.nextLink"]);
await new PageIterator(client, page, (one) => all.push(one.serialNumber)).iterate();
assert.deepEqual(all.sort(), [good, ...had].map(([serial]) => serial).sort());

const seen = (await client.api(identities).filter(`contains(serialNumber,'${good[0]}')`).top(25).get()).value;
assert.deepEqual(
  seen.map((one) => [one.id, one.serialNumber, one.groupTag]),
  [[done.deviceRegistrationId, good[0], "Office"]],
);

const device = `${identities}/${seen[0].id}`;
await client.api(`${device}/updateDeviceProperties`).post({ groupTag: "Kiosk" });
await client
  .api(`${device}/assignUserToDevice`)
  .post({ userPrincipalName: "ada@contoso.onmicrosoft.com", addressableUserName: "Ada" });
const changed = await client.api(device).get();
assert.deepEqual([changed.groupTag, changed.userPrincipalName], ["Kiosk", "ada@contoso.onmicrosoft.com"]);
await client.api(`${device}/unassignUserFromDevice`).post();
assert.equal((await client.api(device).get()).userPrincipalName, "");

// Released in a batch, as clean-up scripts do; the id is the serial number.
const batch = new BatchRequestContent([
  { id: "seen", request: new Request(`${url}/beta${device}`) },
  // The client sends what stands behind the host, the version included.
  { id: good[0], request: new Request(`${url}/v1.0${device}`, { method: "DELETE" }), dependsOn: ["seen"] },
]);
const answers = new BatchResponseContent(await client.api("/$batch").post(await batch.getContent()));
const before = await answers.getResponseById("seen").json();
assert.deepEqual([before.id, before.remediationState], [seen[0].id, "noRemediationRequired"]);
assert.ok([200, 204].includes(answers.getResponseById(good[0]).status));
await assert.rejects(client.api(device).get(), (error) => error instanceof GraphError && error.statusCode === 404);
console.log("done");
