/** The same action for many pipelines: a few at a time, and what became of each. Pure but for the action given. */

export type Outcome = { done: string[]; failed: { id: string; error: unknown }[] };

const AT_ONCE = 4;

export const forEachPipeline = async (ids: readonly string[], act: (id: string) => Promise<unknown>): Promise<Outcome> => {
  const outcome: Outcome = { done: [], failed: [] };
  const waiting = [...ids];
  const work = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      try {
        await act(id);
        outcome.done.push(id);
      } catch (error) {
        outcome.failed.push({ error, id });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return outcome;
};
