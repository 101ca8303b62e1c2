/** A service's name behind a patch of its colour in the trace at hand. */
export function Service({ name, colour }: { name: string; colour: number }) {
  return (
    <span class="service" title={name}>
      <i class="swatch" style={swatch(colour)} />
      <span class="service-name">{name}</span>
    </span>
  );
}

/** The style that gives an element a service's colour as `--service`. */
function swatch(colour: number): Record<string, string> {
  return { "--service": `var(--service-${colour})` };
}
