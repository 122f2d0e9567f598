/** An invalid command or option. The message says what is accepted, and is printed without a stack. */
export class UsageError extends Error {}
