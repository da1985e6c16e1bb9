import { IconButton } from "@chakra-ui/react";
import { useState } from "react";
import { LuCheck, LuCopy } from "react-icons/lu";

type Props = { text: string | (() => string); label: string };

/** Puts text on the clipboard; falls back to a selection where the frame may not touch it. */
const copyText = async (text: string): Promise<void> => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.append(area);
    area.select();
    // Deprecated, and all there is on a page that is not served by https.
    const command: unknown = Reflect.get(document, "execCommand");
    if (typeof command === "function") command.call(document, "copy");
    area.remove();
  }
};

export const CopyButton = ({ label, text }: Props) => {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(typeof text === "string" ? text : text());
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <IconButton aria-label={copied ? "Copied" : label} color="fg.muted" minWidth="24px" onClick={() => void copy()} size="2xs" title={label} variant="ghost">
      {copied ? <LuCheck aria-hidden /> : <LuCopy aria-hidden />}
    </IconButton>
  );
};
