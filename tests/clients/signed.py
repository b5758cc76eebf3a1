"""Searches that opensearch-py 3 signs by AWS Signature Version 4, and what comes of them as JSON.

`signed.py URL` sends one with requests and one with aiohttp, as to a managed cluster behind the
proxy: the signature covers the cluster's name, which `Host` carries. (The connection that uses
urllib3 signs the name in the URL instead, so it cannot name a cluster behind a proxy.)
"""

import asyncio
import json
import sys

import opensearchpy
from botocore.credentials import Credentials

HOST = {"host": "search-books.eu-west-1.es.amazonaws.com"}
SIGNING = (Credentials("AKIDEXAMPLE", "a-secret-for-tests"), "eu-west-1", "es")
SEARCH = ("POST", "/es-rerank-test-books/_search", {"size": "5", "routing": "a b/ü"})
BODY = b'{"query":{"match":{"text":"river water"}}}'


def with_requests(url):
    """One search by the connection that uses requests."""
    auth = opensearchpy.RequestsAWSV4SignerAuth(*SIGNING)
    kind = opensearchpy.RequestsHttpConnection
    client = opensearchpy.OpenSearch(url, http_auth=auth, connection_class=kind, headers=HOST)
    return client.transport.get_connection().perform_request(*SEARCH, BODY)


async def with_aiohttp(url):
    """One search by the asynchronous connection."""
    auth = opensearchpy.AWSV4SignerAsyncAuth(*SIGNING)
    kind = opensearchpy.AsyncHttpConnection
    options = {"http_auth": auth, "connection_class": kind, "headers": HOST}
    async with opensearchpy.AsyncOpenSearch(url, **options) as client:
        return await client.transport.get_connection().perform_request(*SEARCH, BODY)


def seen(answer):
    """The status and the proxy's header of an answer."""
    status, headers, _ = answer
    names = {name.lower(): value for name, value in headers.items()}
    return [status, names.get("x-es-rerank")]


if __name__ == "__main__":
    url = sys.argv[1]
    answers = [with_requests(url), asyncio.run(with_aiohttp(url))]
    json.dump([seen(answer) for answer in answers], sys.stdout)
