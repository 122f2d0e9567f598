import { describe, expect, it } from 'vitest'
import { isPublicHost } from '../../src/hedge/public-origin.ts'

const hostOf = (address: string): string => new URL(`http://${address}`).hostname

describe('whether an origin is out on the Internet', () => {
  it.each([
    'api.openai.com',
    'chatgpt.com',
    'x.openai.azure.com.',
    '8.8.8.8',
    '172.32.0.1',
    '[2606:4700::1111]',
    'local.example',
    'lan.example',
    'home.arpa.example',
    '[64:ff9b::8.8.8.8]',
  ])('%s is', (address) => expect(isPublicHost(hostOf(address))).toBe(true))

  it.each([
    'localhost',
    'ollama',
    'model.localhost',
    'printer.local',
    'gateway.corp.internal',
    'GATEWAY.INTERNAL.',
    '127.0.0.1',
    '127.1',
    '0x7f000001',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '[::1]',
    '[::]',
    '[fe80::1]',
    '[fd00::1]',
    '[::ffff:10.0.0.1]',
    '[::ffff:127.0.0.1]',
    'model.lan',
    'model.home.arpa',
    'model.home',
    'model.corp',
    'model.intranet',
    'model.private',
    '[64:ff9b::10.0.0.1]',
    '[64:ff9b::192.168.1.1]',
    '[64:ff9b:1::8.8.8.8]',
  ])('%s is not', (address) => expect(isPublicHost(hostOf(address))).toBe(false))
})
