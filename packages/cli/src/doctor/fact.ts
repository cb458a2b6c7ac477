import { classifyAwsError, type Fact, known, unreadable } from '@redress/core';

/** What a read came to: a value, or why not. Names the operation, so that somebody can allow it. */
export async function fact<T>(operation: string, ask: () => Promise<T>): Promise<Fact<T>> {
  try {
    return known(await ask());
  } catch (error) {
    const { name, message } = classifyAwsError(error);
    return unreadable(new Error(`${operation}: ${name}: ${message}`));
  }
}

/** What a read came to, where "there is none" is an answer. */
export async function factOrNone<T>(operation: string, none: RegExp, ask: () => Promise<T>): Promise<Fact<T | null>> {
  return fact(operation, async () => {
    try {
      return await ask();
    } catch (error) {
      if (none.test(classifyAwsError(error).name)) return null;
      throw error;
    }
  });
}
