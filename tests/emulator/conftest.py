"""A deployment on the emulator, and the same list on one machine."""

import contextlib
import json
import os
import re
import subprocess
import time
import uuid
from pathlib import Path

import boto3
import pytest
import urllib3
from issuer import AUDIENCE, NAME, Issuer

ROOT = Path(__file__).parent.parent.parent
STACK = "muster"
TENANT = "Fabrikam"
PARTNER = "contoso"
# Whose service administrators run the deployment.
OPERATOR = "5f0c5d6e-2d39-4b0e-8c0b-3a9b1c2d4e5f"
UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIMEOUT = 120


def run(*command, codes=(0,), **options):
    done = subprocess.run(command, capture_output=True, timeout=600, **options)
    assert done.returncode in codes, f"{command}: {done.returncode}\n{done.stdout.decode()}\n{done.stderr.decode()}"
    return done.stdout


def until(what, question, seconds=TIMEOUT):
    """Asks again and again until the answer is true, and gives it."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.2)
    return answer


def sam_deploy(**parameters):
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    run(os.environ["SAM"], "deploy", "--no-confirm-changeset", "--no-progressbar",
        *(["--parameter-overrides", *overrides] if overrides else []), cwd=ROOT)


class Deployment:
    def __init__(self):
        self.s3, self.sqs, self.iam, self.functions, self.logs, self.stacks = map(
            boto3.client, ("s3", "sqs", "iam", "lambda", "logs", "cloudformation"))
        stack = self.stacks.describe_stacks(StackName=STACK)["Stacks"][0]
        outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
        self.bucket, self.table, self.url = outputs["BucketName"], outputs["TableName"], outputs["ApiUrl"]
        self.http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=5, read=60))

    def ask(self, request, token=None, body=None, status=200, **headers):
        """A request to the HTTP API, with a method and a path; gives the body of the answer, which has this status."""
        answer = self.answer(request, token, body, **headers)
        said = answer.data.decode()
        assert answer.status == status, f"{request}: {answer.status} {dict(answer.headers)} {said}"
        kind = "application/json" if status < 400 else "application/problem+json"
        assert answer.headers["content-type"] == kind and answer.headers["request-id"], f"{request}: {answer.headers}"
        return json.loads(said)

    def answer(self, request, token=None, body=None, **headers):
        """The same, as it is."""
        method, path = request.split(" ")
        # No resolver knows the name of the API; the emulator does.
        sent = {"host": urllib3.util.parse_url(self.url).netloc}
        sent |= {"authorization": f"Bearer {token}"} if token else {}
        sent |= {"content-type": "application/json"} if body is not None else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = None if body is None else json.dumps(body).encode()
        return self.http.request(method, os.environ["AWS_ENDPOINT_URL"] + path, body=body, headers=sent)

    def role(self, function):
        """The name of a function's role, and its policy."""
        role = self.functions.get_function_configuration(FunctionName=f"{STACK}-{function}")["Role"].split("/")[-1]
        return role, self.iam.get_role_policy(RoleName=role, PolicyName=function)["PolicyDocument"]

    @contextlib.contextmanager
    def forbidden(self, function, action):
        """Takes a permission away from a function, and gives it back."""
        role, policy = self.role(function)
        less = json.loads(json.dumps(policy))
        for statement in less["Statement"]:
            statement["Action"] = [allowed for allowed in statement["Action"] if allowed != action]
        less["Statement"] = [statement for statement in less["Statement"] if statement["Action"]]
        assert less != policy, f"{function} has no {action}"
        allow = lambda document: self.iam.put_role_policy(
            RoleName=role, PolicyName=function, PolicyDocument=json.dumps(document))
        allow(less)
        try:
            yield
        finally:
            allow(policy)

    def muster(self, *words, codes=(0,)):
        """The command line on the deployment."""
        return run(os.environ["MUSTER"], *words, "--table", self.table, "--bucket", self.bucket, codes=codes)

    def put(self, content, name=None, who=("intune", "-")):
        """Drops a list; gives its key."""
        key = "/".join(["inbox", *who, TENANT, name or f"{uuid.uuid4()}.csv"])
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return key

    def uploads(self, key):
        """The uploads of a key, newest first."""
        page = json.loads(self.muster("uploads", "list", "--tenant", TENANT, "--limit", "1000", "--json"))
        return [upload for upload in page["uploads"] if upload["object"]["key"] == key]

    def finished(self, key, seconds=TIMEOUT):
        """Waits until the upload of this key is final, and gives it."""
        def final():
            found = self.uploads(key)
            return found[0] if found and found[0]["state"] != "processing" else None
        return until(f"the end of {key}", final, seconds)

    def report(self, upload, name):
        """A file that finish-upload wrote, by the AWS command line; nothing where there is none."""
        place = f"s3://{self.bucket}/uploads/{upload['id']}/{name}"
        if not run(os.environ["AWS"], "s3", "ls", place, codes=(0, 1)):
            return b""
        return run(os.environ["AWS"], "s3", "cp", place, "-")

    def queue(self, name):
        return self.sqs.get_queue_url(QueueName=f"{STACK}-{name}")["QueueUrl"]

    @contextlib.contextmanager
    def impatient(self, seconds, *queues):
        """A message that failed waits for six time-outs of its function, and nobody here has the time."""
        def set_all(values):
            for queue, value in values.items():
                self.sqs.set_queue_attributes(QueueUrl=self.queue(queue), Attributes={"VisibilityTimeout": value})
        ask = lambda queue: self.sqs.get_queue_attributes(QueueUrl=self.queue(queue), AttributeNames=["VisibilityTimeout"])
        before = {queue: ask(queue)["Attributes"]["VisibilityTimeout"] for queue in queues}
        set_all(dict.fromkeys(queues, str(seconds)))
        try:
            yield
        finally:
            set_all(before)

    def update(self, **parameters):
        """Deploys the same template again, with some other parameters."""
        known = self.stacks.describe_stacks(StackName=STACK)["Stacks"][0]["Parameters"]
        value = lambda name: {"ParameterValue": parameters[name]} if name in parameters else {"UsePreviousValue": True}
        self.stacks.update_stack(
            StackName=STACK, UsePreviousTemplate=True, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": one["ParameterKey"]} | value(one["ParameterKey"]) for one in known])
        self.stacks.get_waiter("stack_update_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    @contextlib.contextmanager
    def unread(self, queue):
        """Lets messages of a queue wait: no function is given any."""
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue(queue), AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        (source,) = self.functions.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
        def enable(enabled):
            self.functions.update_event_source_mapping(UUID=source["UUID"], Enabled=enabled)
            state = "Enabled" if enabled else "Disabled"
            until(f"{queue}: {state}", lambda: self.functions.get_event_source_mapping(UUID=source["UUID"])["State"] == state)
        enable(False)
        try:
            yield
        finally:
            enable(True)

    def dead_letter(self, queue):
        """Waits for a dead letter and takes it away."""
        url = self.queue(f"{queue}-dead-letters")
        ask = lambda: self.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=1).get("Messages")
        letter = until(f"a dead letter of {queue}", ask)[0]
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"])
        return letter

    def log(self, function, since):
        """The lines that a function logged since then (seconds since 1970)."""
        page = self.logs.filter_log_events(logGroupName=f"/aws/lambda/{STACK}-{function}", startTime=int(since * 1000))
        return [event["message"] for event in page["events"]]


def make_known(muster):
    """The tenant, and its consent to the partner."""
    muster("tenants", "add", TENANT)
    muster("consent", "request", "--tenant", TENANT, "--partner", PARTNER, "--kind", "csp-direct")
    muster("consent", "grant", "--tenant", TENANT, "--partner", PARTNER)


@pytest.fixture(scope="session")
def issuer():
    serves = Issuer()
    yield serves
    serves.close()


@pytest.fixture(scope="session")
def deployment(issuer):
    sam_deploy(LogLevel="info", OidcIssuer=NAME, OidcAudience=AUDIENCE, OidcKeys=issuer.keys, OidcOperatorTenant=OPERATOR)
    deployed = Deployment()
    # The emulator speaks no TLS, and the bucket's policy refuses whoever does not: it is in force, and is taken away.
    policy = json.loads(deployed.s3.get_bucket_policy(Bucket=deployed.bucket)["Policy"])
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    deployed.s3.delete_bucket_policy(Bucket=deployed.bucket)
    make_known(deployed.muster)
    return deployed


def sample(*options):
    """A list of made-up devices."""
    return run(os.environ["MUSTER"], "sample", *options)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory):
    """Registers a list on one machine, and gives what the command answers and the directory of its reports."""
    home = tmp_path_factory.mktemp("embedded")
    make_known(lambda *words: run(os.environ["MUSTER"], *words, "--data-dir", home / "data"))
    def register(content, *options):
        file = home / "list.csv"
        file.write_bytes(content)
        words = ["register", file, "--tenant", TENANT, "--data-dir", home / "data", "--json", *options]
        answer = json.loads(run(os.environ["MUSTER"], *words, codes=(0, 1)))
        reports = home / "data/reports"
        newest = max(reports.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return answer, newest
    return register


def without_ids(content):
    """What differs from run to run taken out."""
    return UUID.sub(b"{id}", re.sub(rb"u-[A-Za-z0-9_-]{20}", b"{upload}", content))
