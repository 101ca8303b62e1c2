import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { Notice } from "./notice.tsx";

/** A page, and a way to have it ready before somebody goes there. */
export type LazyPage<Props> = ComponentType<Props> & { readonly prepare: () => void };

/** A page whose code is fetched when it is first shown, or prepared. */
export function lazyPage<Props extends object>(
  fetchCode: () => Promise<{ readonly default: ComponentType<Props> }>,
): LazyPage<Props> {
  let code: ComponentType<Props> | undefined;
  const prepare = (): void => {
    // Whoever shows the page tries again, and says what is wrong.
    fetchCode().catch(() => undefined);
  };
  return Object.assign(LazyPage, { prepare });

  function LazyPage(props: Props) {
    const state = useSignal<"fetching" | "here" | "failed">(code ? "here" : "fetching");
    useEffect(() => {
      const load = async (): Promise<void> => {
        try {
          // It may have come since this was drawn, for another of its kind.
          code ??= (await fetchCode()).default;
          state.value = "here";
        } catch {
          state.value = "failed";
        }
      };
      void load();
    }, []);
    if (state.value === "failed") {
      return (
        <Notice title="This page did not load" failed>
          <p>Clew did not answer, or has been updated meanwhile. Reload the page.</p>
        </Notice>
      );
    }
    const Code = code;
    return Code === undefined ? <main /> : <Code {...props} />;
  }
}
