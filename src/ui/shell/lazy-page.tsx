import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { Notice } from "./notice.tsx";

/** A page whose code is fetched when it is first shown. */
export function lazyPage<Props extends object>(
  fetchCode: () => Promise<{ readonly default: ComponentType<Props> }>,
): ComponentType<Props> {
  let code: ComponentType<Props> | undefined;
  return function LazyPage(props: Props) {
    const state = useSignal<"fetching" | "here" | "failed">(code ? "here" : "fetching");
    useEffect(() => {
      if (code !== undefined) return;
      const load = async (): Promise<void> => {
        try {
          code = (await fetchCode()).default;
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
  };
}
