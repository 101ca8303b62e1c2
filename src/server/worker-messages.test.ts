import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOf } from "../ingest/repeats.ts";
import { packDigests, unpackDigests } from "./worker-messages.ts";

test("digests come out of the message as they went in", () => {
  const digests = Array.from({ length: 300 }, (_, i) =>
    digestOf({ tenant: "t", body: Uint8Array.of(i, i >> 8) }),
  );
  assert.deepEqual(unpackDigests(packDigests(digests)), digests);
  assert.deepEqual(unpackDigests(packDigests([])), []);
});
