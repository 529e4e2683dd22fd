"""Starts the emulator (1.5.33) with faults of it mended, so that it is no more lenient than AWS and no stricter.

Of a version of an object it gives everything, whatever range was asked for, and every reader of a batch asks for a range
of a version. For an object that is missing it says so to everybody: AWS denies access to whoever may not list the bucket.
For a SendMessageBatch it asks for a permission that does not exist: AWS asks for `sqs:SendMessage`, and so for the other
batches. It does not know `dynamodb:LeadingKeys`, without which a condition on it holds for every key."""

import json
import re

from ministack.core import iam_actions, iam_evaluator
from ministack.core.router import extract_access_key_id, extract_region
from ministack.services import s3

PARTITION_KEYS = ("pk", "lpk", "dpk")
get_object, head_object = s3._get_object, s3._head_object


def get_range(bucket, key, headers, query_params=None):
    status, given, body = get_object(bucket, key, headers, query_params)
    asked = headers.get("range", "")
    if status != 200 or not asked or not (query_params or {}).get("versionId"):
        return status, given, body
    part = s3._parse_range(asked, len(body))
    if part is None:
        error = s3._xml_body(s3._range_error_xml(bucket, key))
        return 416, {"Content-Type": "application/xml", "Content-Range": f"bytes */{len(body)}"}, error
    start, end = part
    given = {name: value for name, value in given.items() if not name.lower().startswith("x-amz-checksum-")}
    given["Content-Range"] = f"bytes {start}-{end}/{len(body)}"
    given["Content-Length"] = str(end + 1 - start)
    return 206, given, body[start : end + 1]


def missing_to_those_who_may_list(read):
    def answer(bucket, key, headers=None, query_params=None):
        status, *rest = read(bucket, key, headers, query_params)
        if status == 404:
            # No condition on a prefix holds here: such a request has none.
            caller, region = extract_access_key_id(headers or {}, query_params), extract_region(headers or {}, query_params)
            if iam_evaluator.enforce(caller, "s3:ListBucket", "s3", region, resource_arn=f"arn:aws:s3:::{bucket}"):
                return s3._error("AccessDenied", "Access Denied", 403, f"/{bucket}/{key}")
        return status, *rest
    return answer


s3._get_object = missing_to_those_who_may_list(get_range)
s3._head_object = missing_to_those_who_may_list(head_object)
extract_iam_action = iam_actions.extract_iam_action


def existing_action(service, *request):
    action = extract_iam_action(service, *request)
    return action.removesuffix("Batch") if service == "sqs" and action else action


iam_actions.extract_iam_action = existing_action


def partition_key(item):
    """The partition key of an item or of a key, in a list."""
    return [next(iter(item[name].values())) for name in PARTITION_KEYS if name in (item or {})][:1]


def leading_keys(request):
    """The partition keys that a request names, but for those of a transaction."""
    if condition := request.get("KeyConditionExpression"):
        names = request.get("ExpressionAttributeNames", {})
        for name, value in re.findall(r"(#?\w+)\s*=\s*(:\w+)", condition):
            if names.get(name, name) in PARTITION_KEYS:
                return [next(iter(request["ExpressionAttributeValues"][value].values()))]
    keys = [request.get("Key"), request.get("Item")]
    for asked in request.get("RequestItems", {}).values():
        keys += asked.get("Keys", []) if isinstance(asked, dict) else []
    return [value for key in keys for value in partition_key(key)]


class TableOfAction(str):
    """The table of one action of a transaction, which is held against its own key alone."""

    keys = ()


dynamodb_context, transaction_checks = iam_actions.dynamodb_service_context, iam_actions.dynamodb_transaction_checks
enforce = iam_evaluator.enforce


def context_with_keys(body):
    keys = leading_keys(json.loads(body or b"{}"))
    return dynamodb_context(body) | ({"dynamodb:LeadingKeys": keys} if keys else {})


def checks_with_keys(action, body, region, account):
    checks = transaction_checks(action, body, region, account)
    items = json.loads(body)["TransactItems"] if checks else []
    for number, (item, (action, table)) in enumerate(zip(items, checks, strict=True)):
        (named,) = item.values()
        checks[number] = action, (held := TableOfAction(table))
        held.keys = partition_key(named.get("Key") or named.get("Item"))
    return checks


def enforce_with_keys(caller, action, service, region, resource_arn="*", service_context=None):
    if isinstance(resource_arn, TableOfAction):
        service_context = {**(service_context or {}), "dynamodb:LeadingKeys": resource_arn.keys}
    return enforce(caller, action, service, region, resource_arn=resource_arn, service_context=service_context)


iam_actions.dynamodb_service_context = context_with_keys
iam_actions.dynamodb_transaction_checks = checks_with_keys
iam_evaluator.enforce = enforce_with_keys

if __name__ == "__main__":
    from ministack.app import main

    main()
