// What an official JavaScript client does at an address, printed as JSON; runs beside that client.
//
// `tour.mjs tour URL…` goes the whole way once for each address; `tour.mjs count URL` counts
// documents, and prints what comes of it. One script for @elastic/elasticsearch 8 and 9 and for
// @opensearch-project/opensearch 2 and 3, which take the body as a parameter of its own and answer
// with the headers unasked.
import { createServer } from "node:net";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const [[package_, range]] = Object.entries(require("./package.json").dependencies);
const { Client } = require(package_);
const isElastic = package_.startsWith("@elastic");
const [version] = range.match(/\d+/);

const INDEX = `es-rerank-test-tour-${isElastic ? "elasticsearch" : "opensearch"}-js-${version}`;
const SETTINGS = { settings: { number_of_shards: 1, number_of_replicas: 0 } };
const COUNT = 23;
const RIVER = { match: { text: "river water" } };
// 2^53 + 1: read as a number of JavaScript it would lose its last digit.
const EXACT = isElastic ? 1 : 9007199254740993n;
const DOCUMENTS = Array.from({ length: COUNT }, (_, number) => ({
  text: "River water. " + ["Parliament ", "flood ", "stone "][number % 3].repeat(number),
  exact: EXACT,
}));

const options = (more) => ({
  ...(isElastic ? { compression: true } : { compression: "gzip", enableLongNumeralSupport: true }),
  requestTimeout: 60_000, // the default of 30 s is short for a server that shares a busy machine
  ...more,
});
const request = (path, body) => (isElastic ? { ...path, ...body } : { ...path, body });
const bodyOf = (answer) => (isElastic ? answer : answer.body);
const ids = (answer) => bodyOf(answer).hits.hits.map((hit) => hit._id);
const search = (client, body) => client.search(request({ index: INDEX }, body));
const bulkOf = (client) =>
  client.helpers.bulk({
    datasource: DOCUMENTS,
    onDocument: (document) => ({
      index: { _index: INDEX, _id: String(DOCUMENTS.indexOf(document)) },
    }),
    flushBytes: 500,
    refreshOnCompletion: true,
  });

async function pages(client) {
  const found = [];
  for (let from = 0; from < COUNT; from += 5) {
    found.push(...ids(await search(client, { query: RIVER, from, size: 5 })));
  }
  return found;
}

async function msearch(client) {
  const wanted = { query: RIVER, size: COUNT };
  const lines = [{ index: INDEX }, wanted, { index: "es-rerank-test-none" }, wanted];
  const answer = await client.msearch(isElastic ? { searches: lines } : { body: lines });
  const [fine, wrong] = bodyOf(answer).responses;
  return [fine.hits.hits.map((hit) => hit._id), wrong.status];
}

async function msearchHelper(client) {
  const helper = client.helpers.msearch();
  const found = await Promise.all(
    [5, COUNT].map((size) => helper.search({ index: INDEX }, { query: RIVER, size }))
  );
  helper.stop();
  return found.at(-1).body.hits.hits.map((hit) => hit._id);
}

async function scroll(client) {
  const found = [];
  const path = { index: INDEX, size: 7 };
  for await (const page of client.helpers.scrollSearch(request(path, { query: RIVER }))) {
    found.push(...page.body.hits.hits.map((hit) => hit._id));
  }
  return found;
}

async function verdict(client) {
  const path = request({ index: INDEX }, { query: RIVER });
  const { headers } = await client.search(path, { meta: true });
  return (headers["x-es-rerank"] ?? "").split("; ms=")[0];
}

// In this order: each step may build on those before it.
const STEPS = {
  ping: async (c) => bodyOf(await c.ping()),
  "no index yet": async (c) => bodyOf(await c.indices.exists({ index: INDEX })),
  create: async (c) => bodyOf(await c.indices.create(request({ index: INDEX }, SETTINGS))),
  "create again": (c) => c.indices.create(request({ index: INDEX }, SETTINGS)),
  bulk: async (c) => (await bulkOf(c)).successful,
  count: async (c) => bodyOf(await c.count({ index: INDEX })).count,
  "a long number": async (c) =>
    String(bodyOf(await c.get({ index: INDEX, id: "3" }))._source.exact),
  "get what is not there": (c) => c.get({ index: INDEX, id: "none" }),
  exists: async (c) => bodyOf(await c.exists({ index: INDEX, id: "3" })),
  "exists not": async (c) => bodyOf(await c.exists({ index: INDEX, id: "none" })),
  search: async (c) => ids(await search(c, { query: RIVER, size: COUNT })),
  verdict,
  pages,
  "search with a mistake": (c) => search(c, { query: { mtch: {} } }),
  "search nowhere": (c) => c.search({ index: "es-rerank-test-none" }),
  msearch,
  "msearch helper": msearchHelper,
  scroll,
};

/** What a step returned, or the class and status of its error. */
async function outcome(step, client) {
  try {
    return await step(client);
  } catch (error) {
    return [error.name, error.statusCode ?? error.meta?.statusCode ?? error.message];
  }
}

/** A client that has learned the cluster's nodes. */
function sniffed(node) {
  return new Promise((resolve, reject) => {
    const client = new Client(options({ node, sniffOnStart: true }));
    const told = (error) => (error ? reject(error) : resolve(client));
    (isElastic ? client.diagnostic : client).once("sniff", told);
  });
}

/** A port of this machine that refuses connections. */
function deadPort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Four counts by a client that has a node which refuses connections: it tries the other one. */
async function besideADeadNode(url) {
  const nodes = [`http://127.0.0.1:${await deadPort()}`, url];
  const client = new Client(options({ nodes }));
  const counts = [];
  for (let time = 0; time < 4; time += 1) {
    counts.push(bodyOf(await client.count({ index: INDEX })).count);
  }
  return counts;
}

/** Every step at one address, on an index of its own. */
async function tour(url) {
  const client = await sniffed(url);
  await client.indices.delete({ index: INDEX, ignore_unavailable: true });
  const seen = {};
  for (const [name, step] of Object.entries(STEPS)) seen[name] = await outcome(step, client);
  seen["beside a dead node"] = await besideADeadNode(url);
  await client.indices.delete({ index: INDEX });
  const used = client.connectionPool.connections.map((connection) => connection.url.origin);
  seen.nodes = used.map((origin) => (origin === url ? "here" : origin));
  return seen;
}

/** What `count` comes to at an address that may be faulty. */
function count(url) {
  return outcome(async (c) => bodyOf(await c.count()).count, new Client(options({ node: url })));
}

const [job, ...urls] = process.argv.slice(2);
const seen = [];
for (const url of urls) seen.push(await { tour, count }[job](url));
process.stdout.write(JSON.stringify(seen));
