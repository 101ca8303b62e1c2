/** How many service colours tokens.css has, as `--service-0` and on. None of them is red. */
export const SERVICE_COLOURS = 20;

/**
 * A colour number for each service of a trace, or of a list of them. Each name asks for the colour
 * of its hash and, in the order of the sorted names, takes the next free one if that is gone: all
 * differ up to 20 services, and a service nearly always looks the same in the next trace.
 */
export function assignColours(services: Iterable<string>): ReadonlyMap<string, number> {
  const colours = new Map<string, number>();
  let taken = new Set<number>();
  for (const service of [...new Set(services)].sort()) {
    if (taken.size === SERVICE_COLOURS) taken = new Set();
    let colour = hashOf(service) % SERVICE_COLOURS;
    while (taken.has(colour)) colour = (colour + 1) % SERVICE_COLOURS;
    taken.add(colour);
    colours.set(service, colour);
  }
  return colours;
}

/** FNV-1a over UTF-16 code units, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
