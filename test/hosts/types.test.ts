import type { OpenAIProviderSettings } from '@ai-sdk/openai'
import type { OpenAIProviderSettings as OldProviderSettings } from 'ai-sdk-openai-4.0.46'
import type { ClientOptions } from 'openai'
import type { ClientOptions as OldClientOptions } from 'openai-7.5.0'
import { expectTypeOf, it } from 'vitest'
import type { FetchFunction } from '../../src/index.ts'

it('client.fetch has the type that every host takes', () => {
  expectTypeOf<FetchFunction>().toExtend<ClientOptions['fetch']>()
  expectTypeOf<FetchFunction>().toExtend<OldClientOptions['fetch']>()
  expectTypeOf<FetchFunction>().toExtend<OpenAIProviderSettings['fetch']>()
  expectTypeOf<FetchFunction>().toExtend<OldProviderSettings['fetch']>()
  expectTypeOf<FetchFunction>().toExtend<typeof globalThis.fetch>()
})
