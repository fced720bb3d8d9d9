<?php

declare(strict_types=1);

namespace Site;

/**
 * What we know about a visitor, kept by the visitor: a cookie signed with a key that all machines share. No machine
 * holds any state, so the next request may go to any of them. Signed, not encrypted: nothing secret belongs in here.
 */
final class Session
{
    public const string COOKIE = '__Host-session';
    private const int LIFETIME_SECONDS = 30 * 86400;

    /** For how long after a write the own entry must be in the list, whatever server it is read from. */
    private const int OWN_ENTRY_SECONDS = 60;

    public int $visits = 0;
    /** The name that was last signed with. */
    public string $name = '';
    /** The next page says thank you. */
    public bool $justSigned = false;
    private ?int $ownEntry = null;
    private int $ownEntryUntil = 0;

    private function __construct(#[\SensitiveParameter] private readonly string $key, private readonly int $now)
    {
    }

    /** Opens the cookie; anything but a cookie that we signed, and that is not too old, gives a new session. */
    public static function open(?string $cookie, #[\SensitiveParameter] string $secret, int $now): self
    {
        $session = new self(hash_hkdf('sha256', $secret, 32, 'session cookie, version 1'), $now);
        [$payload, $signature] = explode('.', $cookie ?? '', 2) + ['', ''];
        if (!hash_equals($session->sign($payload), $signature)) {
            return $session;
        }
        $data = json_decode(self::decode($payload), true);
        if (!is_array($data) || ($data['expires'] ?? 0) < $now) {
            return $session;
        }
        $session->visits = (int) $data['visits'];
        $session->name = (string) $data['name'];
        $session->justSigned = (bool) $data['justSigned'];
        $session->ownEntry = $data['ownEntry'];
        $session->ownEntryUntil = (int) $data['ownEntryUntil'];
        return $session;
    }

    public function wrote(Message $message): void
    {
        $this->name = $message->name;
        $this->ownEntry = $message->id;
        $this->ownEntryUntil = $this->now + self::OWN_ENTRY_SECONDS;
    }

    /** Number of the entry that this visitor has just written; null when there is none. */
    public function ownEntry(): ?int
    {
        return $this->ownEntryUntil >= $this->now ? $this->ownEntry : null;
    }

    /** The value of the header Set-Cookie. */
    public function header(): string
    {
        $payload = self::encode(json_encode([
            'expires' => $this->now + self::LIFETIME_SECONDS,
            'visits' => $this->visits,
            'name' => $this->name,
            'justSigned' => $this->justSigned,
            'ownEntry' => $this->ownEntry(),
            'ownEntryUntil' => $this->ownEntryUntil,
        ], JSON_THROW_ON_ERROR));
        return sprintf(
            '%s=%s.%s; Path=/; Max-Age=%d; Secure; HttpOnly; SameSite=Lax',
            self::COOKIE,
            $payload,
            $this->sign($payload),
            self::LIFETIME_SECONDS,
        );
    }

    private function sign(string $payload): string
    {
        return self::encode(hash_hmac('sha256', $payload, $this->key, true));
    }

    private static function encode(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }

    private static function decode(string $text): string
    {
        return (string) base64_decode(strtr($text, '-_', '+/'));
    }
}
