import { CloseButton, Input, InputGroup } from "@chakra-ui/react";
import { useEffect, useState } from "react";
import { LuSearch } from "react-icons/lu";

type Props = { value: string; onChange: (value: string) => void; label: string };

/** Search as you type: the address and the server follow 250 ms after the last key. */
export const SearchField = ({ label, onChange, value }: Props) => {
  const [text, setText] = useState(value);
  const [seen, setSeen] = useState(value);
  if (seen !== value) {
    // The address changed by another hand (back button, "clear"): the field follows.
    setSeen(value);
    setText(value);
  }
  // A timer is outside React: the last key's timer wins.
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text), 250);
    return () => clearTimeout(timer);
  }, [onChange, text, value]);
  return (
    <InputGroup
      endElement={text ? <CloseButton aria-label="Clear the search" onClick={() => { setText(""); onChange(""); }} size="2xs" /> : undefined}
      startElement={<LuSearch aria-hidden />}
      width="260px"
    >
      <Input aria-label={label} onChange={(event) => setText(event.currentTarget.value)} placeholder={label} size="xs" value={text} />
    </InputGroup>
  );
};
