export * from '../call/request-traits.ts'
