/** The few pictures the page has, 16 px square, in the colour of the text around them. */
import type { ComponentChildren, JSX } from "preact";

function Icon({ children, class: name = "" }: { children: ComponentChildren; class?: string }) {
  return (
    <svg class={`icon ${name}`} viewBox="0 0 16 16" aria-hidden="true">
      {children}
    </svg>
  );
}

/** A ball of thread, its end hanging out. */
export const LogoIcon = (): JSX.Element => (
  <Icon class="logo">
    <circle cx="7" cy="7" r="5.6" />
    <path d="M2 5.2c4-1 7.5 1.5 8.6 5.5M5.3 1.9c4 .6 7 3.6 7.1 7.3M12.3 9c.2 2.5 1.2 4.8 3 5.5" />
  </Icon>
);

/** An octagon with an exclamation mark: always beside the red of an error. */
export const ErrorIcon = (): JSX.Element => (
  <Icon class="error-icon">
    <path d="M5 1.5h6l3.5 3.5v6L11 14.5H5L1.5 11V5z" />
    <path d="M8 4.5v4.2M8 11v.4" />
  </Icon>
);

/** Two sheets. */
export const CopyIcon = (): JSX.Element => (
  <Icon>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1" />
    <path d="M10.5 3v-.5h-8v8H3" />
  </Icon>
);

/** A tick. */
export const DoneIcon = (): JSX.Element => (
  <Icon>
    <path d="M3 8.5l3.5 3.5L13 4.5" />
  </Icon>
);

/** A cross. */
export const CloseIcon = (): JSX.Element => (
  <Icon>
    <path d="M3.5 3.5l9 9M12.5 3.5l-9 9" />
  </Icon>
);

/** A round arrow. */
export const ReloadIcon = (): JSX.Element => (
  <Icon>
    <path d="M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 1.5v3h-3" />
  </Icon>
);

/** An arrow down to a line. */
export const DownloadIcon = (): JSX.Element => (
  <Icon>
    <path d="M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11" />
  </Icon>
);

/** A disc, half light and half dark. */
export const ThemeIcon = (): JSX.Element => (
  <Icon>
    <circle cx="8" cy="8" r="5.5" />
    <path class="filled" d="M8 2.5a5.5 5.5 0 0 1 0 11z" />
  </Icon>
);

/** A sheet with a folded corner. */
export const FileIcon = (): JSX.Element => (
  <Icon>
    <path d="M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3" />
  </Icon>
);

/** A triangle with an exclamation mark: odd, but no error. */
export const NoticeIcon = (): JSX.Element => (
  <Icon class="notice-icon">
    <path d="M8 2l6.5 11.5h-13zM8 6.5v3.5M8 11.8v.3" />
  </Icon>
);

/** A point to the left. */
export const EarlierIcon = (): JSX.Element => (
  <Icon>
    <path d="M10 3L5 8l5 5" />
  </Icon>
);

/** A point to the right. */
export const LaterIcon = (): JSX.Element => (
  <Icon>
    <path d="M6 3l5 5-5 5" />
  </Icon>
);

/** Two arrows away from each other. */
export const WiderIcon = (): JSX.Element => (
  <Icon>
    <path d="M6.5 8h-5M4 5.5L1.5 8 4 10.5M9.5 8h5M12 5.5L14.5 8 12 10.5" />
  </Icon>
);

/** A pin. */
export const PinIcon = (): JSX.Element => (
  <Icon>
    <path d="M5.5 2h5M6.5 2v4.5L4 9.5h8L9.5 6.5V2M8 9.5V14" />
  </Icon>
);

/** A ring with a point in it. */
export const FocusIcon = (): JSX.Element => (
  <Icon>
    <circle cx="8" cy="8" r="5" />
    <path d="M8 1v3M8 12v3M1 8h3M12 8h3M8 7.8v.4" />
  </Icon>
);
