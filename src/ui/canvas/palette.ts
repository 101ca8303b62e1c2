/** The colours of tokens.css, for canvases: they cannot name custom properties. */
import { signal } from "@preact/signals";
import { SERVICE_COLOURS } from "../colours.ts";

const names = [
  ...(["page", "raised", "line", "line-strong", "ink", "ink-soft", "accent", "chosen"] as const),
  ...(["error", "error-page", "notice"] as const),
];

/** The page's colours as canvases take them. */
export interface Palette {
  readonly of: Readonly<Record<(typeof names)[number], string>>;
  /** By colour number; numbers may go on beyond the last. */
  readonly services: readonly string[];
  readonly face: string;
}

const read = signal<Palette | undefined>(undefined);

/** The colours of the theme that holds; a signal, so that who draws with it draws again. */
export function palette(): Palette {
  if (read.value === undefined) {
    read.value = readPalette();
    follow();
  }
  return read.value;
}

let follows = false;

function follow(): void {
  if (follows) return;
  follows = true;
  const again = (): void => {
    read.value = readPalette();
  };
  new MutationObserver(again).observe(document.documentElement, {
    attributeFilter: ["data-theme"],
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}

/**
 * `light-dark()` is settled by the browser: by asking for the colour of an element. It is then drawn and
 * read back, since a canvas parses a colour each time it is set, and `#rrggbb` far faster than the rest.
 */
function readPalette(): Palette {
  const probe = document.createElement("i");
  document.body.append(probe);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const colour = (name: string): string => {
    probe.style.color = `var(--${name})`;
    context.fillStyle = getComputedStyle(probe).color;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
    return `#${hex(red!)}${hex(green!)}${hex(blue!)}`;
  };
  const of = Object.fromEntries(names.map((name) => [name, colour(name)])) as Palette["of"];
  const services = Array.from({ length: SERVICE_COLOURS }, (_, i) => colour(`service-${i}`));
  const face = getComputedStyle(document.body).fontFamily;
  probe.remove();
  return { of, services, face };
}

function hex(value: number): string {
  return value.toString(16).padStart(2, "0");
}
