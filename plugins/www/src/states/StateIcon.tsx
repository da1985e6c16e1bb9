import type { IconType } from "react-icons";
import {
  LuBan, LuCircle, LuCircleArrowUp, LuCircleCheck, LuCirclePause, LuCirclePlay, LuCircleX, LuClock, LuEllipsis, LuRotateCw, LuSkipForward, LuTriangleAlert,
} from "react-icons/lu";

import { stateLook, type StateLook } from "./states";

const ICONS: Record<StateLook["icon"], IconType> = {
  ban: LuBan,
  check: LuCircleCheck,
  circle: LuCircle,
  clock: LuClock,
  cross: LuCircleX,
  dots: LuEllipsis,
  pause: LuCirclePause,
  play: LuCirclePlay,
  retry: LuRotateCw,
  skip: LuSkipForward,
  up: LuCircleArrowUp,
  warning: LuTriangleAlert,
};

type Props = { state: string | null | undefined; size?: number };

/** The state's sign alone; the word stands beside it or in the label of what carries it. */
export const StateIcon = ({ size = 14, state }: Props) => {
  const Icon = ICONS[stateLook(state).icon];
  return <Icon aria-hidden size={size} />;
};
