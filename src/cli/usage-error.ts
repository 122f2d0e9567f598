/** What was typed is not accepted. The message says what is; it is printed without a stack. */
export class UsageError extends Error {}
