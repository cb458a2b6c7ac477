import 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** How much was judged; `npm run judges` prints it. */
    said?: string;
  }
}
