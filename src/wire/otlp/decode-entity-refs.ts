/** A resource's entity_refs: kept as encoded, since nothing of Clew's looks into them yet. */
import { repairedText } from "../../base/arena.ts";
import type { ProtoReader, ProtoWriter } from "../../base/protobuf.ts";

/** EntityRef's fields, all of them text: schema_url, type, id_keys, description_keys. */
const textTags: ReadonlySet<number> = new Set([0x0a, 0x12, 0x1a, 0x22]);

/** Copies the EntityRef that comes next in `reader` under `tag`, unknown fields left out. Gives the
 * number of texts that were not UTF-8. Throws Fault "invalid" if it is malformed. */
export function copyEntityRef(reader: ProtoReader, writer: ProtoWriter, tag: number): number {
  let repairs = 0;
  const outer = reader.enter();
  writer.message(tag, () => {
    for (let field = reader.tag(); field !== 0; field = reader.tag()) {
      if (!textTags.has(field)) {
        reader.skip(field);
        continue;
      }
      const text = reader.slice();
      const repaired = repairedText(text, 0, text.length);
      if (repaired !== undefined) repairs++;
      writer.bytes(field, repaired ?? text);
    }
  });
  reader.leave(outer);
  return repairs;
}
