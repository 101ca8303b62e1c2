import type { ComponentChildren } from "preact";

interface NoticeProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** Something failed, rather than merely being absent. */
  readonly failed?: boolean;
}

/** A page that has nothing else to show: what is so, why, and what to do. */
export function Notice({ title, children, failed = false }: NoticeProps) {
  return (
    <main class={failed ? "notice failed" : "notice"}>
      <div role={failed ? "alert" : "status"}>
        <h1>{title}</h1>
      </div>
      {children}
    </main>
  );
}
