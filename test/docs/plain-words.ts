/** A phrase that makes a reader stop, and what to write in its place. */
export interface Rule {
  readonly refused: RegExp
  readonly instead: string
}

/** Refused in comments, messages and documentation. */
export const RIDDLES: readonly Rule[] = [
  { refused: /\bnobody\b/i, instead: 'name who or what: "no caller", "not read", "without a listener"' },
  { refused: /\bof (?:its|their) own\b/i, instead: '"own", "separate", or the name of the thing' },
  { refused: /\bgo(?:es)? on\b/i, instead: '"continues", "resumes"' },
  { refused: /(?<!\bthere )\b(?:is|are|was) none\b/i, instead: '"is not a …", "there is no …", "does not count"' },
  { refused: /\bcomes? to(?! a\b)\b/i, instead: '"the result of", "reaches"' },
  { refused: /\bcame to\b/i, instead: '"the result of", "reached"' },
  { refused: /\bha(?:s|ve) had\b/i, instead: 'the simple tense' },
  { refused: /\blies? about\b/i, instead: '"is in the buffer"' },
  {
    refused: /\bbehind (?:it|them|us|our|its) back\b|\bbehind our\b/i,
    instead: 'who does it, without whose knowledge',
  },
  { refused: /\bkept out of print\b/i, instead: '"never printed"' },
]

/** A word that the glossary has replaced. */
export interface Replaced extends Rule {
  /** The entry of the glossary. */
  readonly word: string
}

/** Old names of things in the glossary: one word for each thing. */
export const OLD_WORDS: readonly Replaced[] = [
  { word: 'continuation', refused: /\banchored\b/i, instead: 'continuation' },
  { word: 'passthrough call', refused: /\bforeign call|\b(?:is|are) no Responses call/i, instead: 'passthrough call' },
  { word: 'hedge', refused: /\bgets? company\b|\b(?:another|other|no|each|all) legs?\b|\bstake\b/i, instead: 'hedge' },
  {
    word: 'permit',
    refused: /\bcalls take turns\b|\bturn of (?:a|the) call\b/i,
    instead: 'permit, or "waits to begin"',
  },
  { word: 'owner', refused: /\bhomeless\b|\bknows? where (?:it|that|a response) lives\b/i, instead: 'owner' },
  {
    word: 'resume',
    refused: /\bpick(?:s|ed|ing)? (?:it |the stream |the response )?up(?: again)?\b/i,
    instead: 'resume',
  },
  { word: 'transparent retry', refused: /\bcounts as none\b/i, instead: 'transparent retry' },
  { word: 'cool-down', refused: /\bgiven up for a while\b/i, instead: 'cool-down' },
  { word: 'poisoned', refused: /\btainted\b/i, instead: 'poisoned' },
  {
    word: 'telemetry event',
    refused:
      /(?<!telemetry )\bevents? `(?:call|attempt|hedge|queue|retry|classify|instrumentation|fleet|event|request)_\w+`/i,
    instead: 'telemetry event; "event" alone is one of a stream',
  },
  {
    word: 'SDK',
    refused:
      /\bhosts (?:of the drop-in|would|recogni[sz]e|retry|wrap|know)\b|\b(?:a|the) host(?:'s (?:retr|error|own)| has (?:made|wrapped))/i,
    instead: 'SDK; a host is a machine',
  },
  { word: 'attempt', refused: /\bmaxAttempts\b/, instead: 'maxRetries' },
]

/** Sections of a page that readers do not have. */
export const SECTION_NUMBER = /\(\d\.\d\)|\bof \d\.\d\b(?! ms| s\b)/
