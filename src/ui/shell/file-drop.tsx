import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { openFile } from "../trace/opened-file.ts";
import { FileIcon } from "./icons.tsx";

/** A button that asks for a file with a trace, and opens it. */
export function ChooseFile({ plain = false }: { readonly plain?: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class={plain ? "icon-button" : "button"}
        title="Open a file with a trace: OTLP, Jaeger or Zipkin JSON. It is not stored."
        aria-label="Open a file with a trace"
        onClick={() => input.current!.click()}
      >
        <FileIcon />
        {!plain && <span>Choose a file</span>}
      </button>
      <input
        ref={input}
        type="file"
        class="hidden"
        tabIndex={-1}
        aria-hidden="true"
        accept=".json,.jsonl,.ndjson,.gz,application/json"
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          event.currentTarget.value = "";
          if (file !== undefined) openFile(file);
        }}
      />
    </>
  );
}

/** Takes files that are dropped anywhere on the page. */
export function FileDrop() {
  const isOver = useSignal(false);
  useEffect(() => {
    const hasFiles = ({ dataTransfer }: DragEvent): boolean =>
      dataTransfer?.types.includes("Files") === true;
    const onOver = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      isOver.value = true;
    };
    const onLeave = (event: DragEvent): void => {
      if (event.relatedTarget === null) isOver.value = false;
    };
    const onDrop = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      isOver.value = false;
      const file = event.dataTransfer?.files[0];
      if (file !== undefined) openFile(file);
    };
    document.addEventListener("dragover", onOver);
    document.addEventListener("dragleave", onLeave);
    document.addEventListener("drop", onDrop);
    return () => {
      document.removeEventListener("dragover", onOver);
      document.removeEventListener("dragleave", onLeave);
      document.removeEventListener("drop", onDrop);
    };
  }, []);
  if (!isOver.value) return null;
  return <div class="file-drop">Drop it to open the trace here. Nothing of it is stored.</div>;
}
