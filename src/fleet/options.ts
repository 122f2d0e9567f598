import type { Rules } from '../core/rules.ts'

/** Options of `redisFleet()`. */
export interface RedisFleetOptions {
  /**
   * Names the fleet: processes with the same name, on the same store, share what they learn and their limits. It is part of every key.
   * 1 to 64 letters, digits, dots, hyphens and underscores. Where the option `headers` of the clients is a function, the fleet
   * cannot tell accounts apart: give each account another name.
   */
  readonly name: string
}

export const redisFleetRules = {
  name: {
    accepts: '1 to 64 letters, digits, dots, hyphens and underscores',
    test: (value) => typeof value === 'string' && /^[\w.-]{1,64}$/.test(value),
    required: true,
  },
} as const satisfies Rules<RedisFleetOptions>
