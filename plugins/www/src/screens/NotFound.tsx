import { useLocation } from "react-router-dom";

import { Missing } from "src/feedback/Missing";

export const NotFound = () => {
  const { pathname } = useLocation();
  return (
    <Missing title="This page does not exist">
      {`Nothing lives at ${pathname}. The address may be mistyped, or the page belongs to another version.`}
    </Missing>
  );
};
