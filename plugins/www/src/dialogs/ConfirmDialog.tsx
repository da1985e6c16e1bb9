import { Button, CloseButton, Dialog, Portal } from "@chakra-ui/react";
import type { ReactNode } from "react";

type Props = {
  open: boolean;
  title: string;
  children: ReactNode;
  confirm: string;
  destructive?: boolean;
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
};

/** Asks before something that cannot be taken back; the frame's sandbox has no native dialog. */
export const ConfirmDialog = ({ busy = false, children, confirm, destructive = false, onClose, onConfirm, open, title }: Props) => (
  <Dialog.Root lazyMount onOpenChange={({ open: isOpen }) => (isOpen ? undefined : onClose())} open={open} role="alertdialog" unmountOnExit>
    <Portal>
      <Dialog.Backdrop />
      <Dialog.Positioner>
        <Dialog.Content maxWidth="480px">
          <Dialog.Header><Dialog.Title fontSize="16px">{title}</Dialog.Title></Dialog.Header>
          <Dialog.Body color="fg.muted">{children}</Dialog.Body>
          <Dialog.Footer>
            <Button onClick={onClose} size="sm" variant="outline">Keep as it is</Button>
            <Button colorPalette={destructive ? "failed" : "brand"} loading={busy} onClick={onConfirm} size="sm">{confirm}</Button>
          </Dialog.Footer>
          <Dialog.CloseTrigger asChild><CloseButton size="sm" /></Dialog.CloseTrigger>
        </Dialog.Content>
      </Dialog.Positioner>
    </Portal>
  </Dialog.Root>
);
