"""What an outsider does, and an operator."""

import csv
import json
import time

import boto3
import pytest
from botocore.exceptions import ClientError
from conftest import PARTNER, TENANT, TIMEOUT, sample, until, without_ids

LISTS = {
    "Märzlieferung 1.csv": ["--rows", "40", "--seed", "11", "--faults", "--encoding", "utf8-bom"],
    "excel (zwei).csv": ["--rows", "40", "--seed", "12", "--faults", "--encoding", "utf16le"],
    "quoted.csv": ["--rows", "30", "--seed", "13", "--quoted", "--encoding", "windows1252"],
    "script+script.csv": ["--rows", "30", "--seed", "14", "--dialect", "get-windows-autopilot-info"],
}


def separated(content, separator):
    """A list without quotation marks, with another separator."""
    return content.replace(b",", separator)


def same_as_on_one_machine(deployment, embedded, key, content, rows, *options, seconds=TIMEOUT):
    """Compares the reports of a list of so many rows, and gives the upload and whether there is a fixit.csv."""
    upload = deployment.finished(key, seconds)
    _, reports = embedded(content, *options)
    files = {name: deployment.report(upload, name) for name in ("report.csv", "fixit.csv")}
    for name, there in files.items():
        here = reports / name
        expected = here.read_bytes() if here.exists() else b""
        assert without_ids(there) == without_ids(expected), f"{name} of {key}"
    told = list(csv.reader(files["report.csv"].decode("utf-8-sig").splitlines(keepends=True)))
    assert len(told) == rows + 1, f"{len(told)} lines for {rows} rows of {key}, and a header"
    return upload, bool(files["fixit.csv"])


@pytest.mark.parametrize("name", LISTS)
def test_a_list_comes_out_as_on_one_machine(deployment, embedded, name):
    content = sample(*LISTS[name])
    rows = int(LISTS[name][1])
    _, mends = same_as_on_one_machine(deployment, embedded, deployment.put(content, name), content, rows)
    assert mends == ("--faults" in LISTS[name]), "rows that failed are there to be mended, and no others"


@pytest.mark.parametrize("separator", [b";", b"\t"])
def test_a_list_with_another_separator_comes_out_as_on_one_machine(deployment, embedded, separator):
    content = separated(sample("--rows", "20", "--seed", str(20 + separator[0])), separator)
    upload, _ = same_as_on_one_machine(deployment, embedded, deployment.put(content), content, 20)
    assert upload["state"] == "finished" and upload["counts"] == {"registered": 20}


def test_a_partners_list_comes_out_as_on_one_machine(deployment, embedded):
    content = sample("--rows", "40", "--seed", "30", "--faults", "--dialect", "partner-center")
    key = deployment.put(content, who=("partner-center", PARTNER))
    upload, mends = same_as_on_one_machine(deployment, embedded, key, content, 40, "--partner", PARTNER)
    assert mends
    assert upload["state"] == "finished-with-errors" and upload["counts"]["registered"] > 20, upload


def test_an_event_that_comes_twice_is_one_upload(deployment):
    key = deployment.put(sample("--rows", "5", "--seed", "50"))
    upload = deployment.finished(key)
    event = {"Records": [{"s3": {
        "bucket": {"name": deployment.bucket},
        "object": {"key": key, "versionId": upload["object"]["version"]},
    }}]}
    source = deployment.queue("split")
    for _ in range(2):
        deployment.sqs.send_message(QueueUrl=source, MessageBody=json.dumps(event))
    numbers = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    def idle():
        counts = deployment.sqs.get_queue_attributes(QueueUrl=source, AttributeNames=numbers)["Attributes"]
        return all(int(counts[name]) == 0 for name in numbers)
    until("an empty queue", idle)
    assert deployment.uploads(key) == [upload]


def test_poison_ends_in_the_dead_letters_with_its_reason(deployment):
    deployment.sqs.send_message(QueueUrl=deployment.queue("validate"), MessageBody='{"upload":17}')
    letter = deployment.dead_letter("validate")
    assert letter["Body"] == '{"upload":17}'
    assert letter["MessageAttributes"]["reason"]["StringValue"].startswith("the message cannot be read")


def test_an_object_that_is_no_upload_and_a_version_that_is_gone_are_told_and_forgotten(deployment):
    deployment.s3.put_object(Bucket=deployment.bucket, Key="inbox/notes.txt", Body=b"hello")
    until("the stray object", lambda: b"inbox/notes.txt" in deployment.muster("uploads", "list", "--unassigned", "--json"))
    began = time.time()
    event = {"Records": [{"s3": {
        "bucket": {"name": deployment.bucket},
        "object": {"key": f"inbox/intune/-/{TENANT}/gone.csv", "versionId": "00000000-0000-0000-0000-000000000000"},
    }}]}
    deployment.sqs.send_message(QueueUrl=deployment.queue("split"), MessageBody=json.dumps(event))
    said = lambda: any("gone before it was looked at" in line for line in deployment.log("split-upload", began))
    until("a line in the log", said)


@pytest.mark.parametrize("function, action, may, may_not", [
    ("validate-batch", "update_item", ["UPLOAD#u-none"],
     ["GRANT#t#-#0", "DEVICE#d", "CLAIM#c", "BATCH#u-none#00000000", "TENANT#t", "STRAYS"]),
    ("consent-api", "put_item", ["GRANT#t#contoso", "GRANT#t#contoso#0", "PARTNER#contoso"],
     ["DEVICE#d", "CLAIM#c", "UPLOAD#u-none", "TENANT#t"]),
    # Devices that boot are recorded, and change nothing that is registered.
    ("deployment-api", "update_item", ["CONTACT#d", "RATE#s#1"],
     ["DEVICE#d", "CLAIM#c", "TENANT#t", "PROFILES#t", "NONCE#n"]),
    # Its clients remove devices and end relationships, and claim nothing.
    ("partner-center-api", "put_item",
     ["GRANT#t#contoso", "GRANT#t#contoso#0", "DEVICEBATCH#t#contoso", "DEVICE#d", "PROFILES#t", "ANNOUNCEMENT#a"],
     ["CLAIM#c", "TENANT#t", "PARTNER#contoso", "BATCH#u-none#00000000", "UPLOAD#u-none", "ENTRY#e"]),
    # Of all consents, that of a tenant to itself alone.
    ("registration-api", "put_item",
     ["GRANT#t#-", "GRANT#t#-#0", "DEVICE#d", "CLAIM#c", "TENANT#t", "ANNOUNCEMENT#a", "PROFILES#t", "ENTRY#e", "STRAYS"],
     ["GRANT#t#contoso", "GRANT#t#contoso#0", "BATCH#u-none#00000000", "CONTACT#d", "KNOWN#k", "NONCE#n", "RATE#s#1"]),
])
def test_a_function_may_write_its_own_items_and_no_others(deployment, function, action, may, may_not):
    _, policy = deployment.role(function)
    deployment.iam.create_user(UserName=f"like-{function}")
    deployment.iam.put_user_policy(UserName=f"like-{function}", PolicyName="same", PolicyDocument=json.dumps(policy))
    key = deployment.iam.create_access_key(UserName=f"like-{function}")["AccessKey"]
    table = boto3.client(
        "dynamodb", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    def write(pk):
        item = {"pk": {"S": pk}, "sk": {"S": "X"}}
        what = {"Item": item} if action == "put_item" else {
            "Key": item, "UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
        getattr(table, action)(TableName=deployment.table, ConditionExpression="attribute_exists(pk)", **what)
    for pk in may:
        with pytest.raises(table.exceptions.ConditionalCheckFailedException):
            write(pk)
    for pk in may_not:
        with pytest.raises(ClientError, match="AccessDenied"):
            write(pk)


def test_a_permission_that_is_missing_is_named_and_the_upload_goes_on_once_it_is_back(deployment):
    began = time.time()
    with deployment.impatient(1, "register-express"):
        with deployment.forbidden("register-batch", "dynamodb:PutItem"):
            key = deployment.put(sample("--rows", "5", "--seed", "60"))
            letter = deployment.dead_letter("register")
    reason = letter["MessageAttributes"]["reason"]["StringValue"]
    assert "failed 5 times" in reason and "not authorized to perform: dynamodb:PutItem" in reason, reason
    assert any("dynamodb:PutItem" in line for line in deployment.log("register-batch", began)), "the log names it, too"
    # Sweep would put it on again within minutes. Whoever cannot wait gives the queue the message back.
    deployment.sqs.send_message(QueueUrl=deployment.queue("register-express"), MessageBody=letter["Body"])
    assert deployment.finished(key)["counts"] == {"registered": 5}


def test_an_update_while_an_upload_runs_loses_nothing(deployment, embedded):
    def level():
        settings = deployment.functions.get_function_configuration(FunctionName="muster-register-batch")
        return settings["Environment"]["Variables"]["RUST_LOG"]
    content = sample("--rows", "10000", "--seed", "70")
    # Where AWS lets a function finish, the emulator ends it: its messages come again.
    with deployment.impatient(10, "split", "validate", "register", "finish"):
        key = deployment.put(content)
        until("its beginning", lambda: deployment.uploads(key))
        deployment.update(LogLevel="info,muster=info")
        assert level() == "info,muster=info"
        assert deployment.uploads(key)[0]["state"] == "processing", "too late to show anything"
        upload, _ = same_as_on_one_machine(deployment, embedded, key, content, 10000, seconds=300)
    assert upload["counts"] == {"registered": 10000}
    assert [u["id"] for u in deployment.uploads(key)] == [upload["id"]]


def test_after_all_that_the_registry_is_in_order(deployment):
    report = deployment.muster("fsck", codes=(0, 1)).decode()
    assert "Nothing is wrong." in report, report


# The last one: on the emulator, fsck of as many devices takes minutes.
def test_twenty_thousand_rows_are_registered_by_several_workers(deployment, embedded):
    began = time.time()
    content = sample("--rows", "20000", "--seed", "40")
    upload, _ = same_as_on_one_machine(deployment, embedded, deployment.put(content), content, 20000, seconds=300)
    assert upload["counts"] == {"registered": 20000}
    page = deployment.logs.describe_log_streams(logGroupName="/aws/lambda/muster-register-batch")
    workers = [s for s in page["logStreams"] if s.get("lastEventTimestamp", s["creationTime"]) >= began * 1000]
    assert len(workers) > 1, page
