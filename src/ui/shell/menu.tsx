import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface MenuProps {
  /** What the closed menu shows. */
  readonly label: ComponentChildren;
  readonly class?: string;
  readonly summaryClass: string;
  /** Its name, where the label does not say it. */
  readonly name?: string;
  /** Whether it closes when something in it was chosen. */
  readonly closes?: boolean;
  readonly children: ComponentChildren;
}

/** Something that opens over the page, and closes with Escape and by a click elsewhere. */
export function Menu(props: MenuProps) {
  const { label, name, summaryClass, closes = false, children } = props;
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const element = details.current!;
    const close = (): void => {
      element.open = false;
    };
    const onPress = (event: Event): void => {
      if (!element.contains(event.target as Node)) close();
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || !element.open) return;
      event.preventDefault();
      close();
      element.querySelector("summary")?.focus();
    };
    const onClick = (event: Event): void => {
      if (closes && (event.target as Element).closest(".menu-body a, .menu-body button")) close();
    };
    const onToggle = (): void => {
      const body = element.querySelector<HTMLElement>(":scope > .menu-body")!;
      body.classList.remove("rightwards");
      if (body.getBoundingClientRect().left < 0) body.classList.add("rightwards");
    };
    document.addEventListener("pointerdown", onPress);
    element.addEventListener("toggle", onToggle);
    element.addEventListener("keydown", onKey);
    element.addEventListener("click", onClick);
    return () => {
      document.removeEventListener("pointerdown", onPress);
      element.removeEventListener("toggle", onToggle);
      element.removeEventListener("keydown", onKey);
      element.removeEventListener("click", onClick);
    };
  }, [closes]);
  return (
    <details ref={details} class={`menu ${props.class ?? ""}`}>
      <summary class={summaryClass} aria-label={name} title={name}>
        {label}
      </summary>
      <div class="menu-body">{children}</div>
    </details>
  );
}
