"""Starts the emulator, with two faults of it mended (1.5.33). Of a version of an object it gives everything, whatever
range was asked for, and every reader of a batch asks for a range of a version. For a SendMessageBatch it asks for a
permission that does not exist: AWS asks for `sqs:SendMessage`, and so for the other batches."""

from ministack.core import iam_actions
from ministack.services import s3

get_object = s3._get_object


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


s3._get_object = get_range
extract_iam_action = iam_actions.extract_iam_action


def existing_action(service, *request):
    action = extract_iam_action(service, *request)
    return action.removesuffix("Batch") if service == "sqs" and action else action


iam_actions.extract_iam_action = existing_action

if __name__ == "__main__":
    from ministack.app import main

    main()
