<?php

declare(strict_types=1);

namespace Site;

/** What somebody wants to write into the guestbook: cleaned, and checked. */
final readonly class Entry
{
    public const int NAME_LENGTH = 40;
    public const int MESSAGE_LENGTH = 500;

    /** @param array<string, string> $errors by field, sentences for people; empty when the entry can be stored */
    private function __construct(
        public string $name,
        public string $message,
        public string $token,
        public array $errors,
    ) {
    }

    /** @param array<array-key, mixed> $fields what came with the request: anything */
    public static function fromFields(array $fields): self
    {
        $errors = [];
        $name = self::text($fields['name'] ?? '');
        $message = self::text($fields['message'] ?? '');
        $token = self::text($fields['token'] ?? '');

        if ($name === null) {
            $errors['name'] = 'The name has to be text in UTF-8.';
        } else {
            $name = trim(preg_replace('/[\s\p{Z}\p{Cc}]+/u', ' ', $name));
            $errors['name'] = self::lengthError('name', $name, self::NAME_LENGTH);
        }
        if ($message === null) {
            $errors['message'] = 'The message has to be text in UTF-8.';
        } else {
            $message = preg_replace(['/\r\n?/', '/[^\P{Cc}\n\t]/u', '/\n{3,}/'], ["\n", '', "\n\n"], $message);
            $message = preg_replace('/^[\s\p{Z}]+|[\s\p{Z}]+$/u', '', $message);
            $errors['message'] = self::lengthError('message', $message, self::MESSAGE_LENGTH);
        }
        if ($token === null || preg_match('/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iD', $token) !== 1) {
            $errors['token'] = 'The token has to be a UUID, a new one for each message.';
        }
        return new self($name ?? '', $message ?? '', strtolower($token ?? ''), array_filter($errors));
    }

    /** A new token, a random UUID. */
    public static function newToken(): string
    {
        $bytes = random_bytes(16);
        $bytes[6] = chr(ord($bytes[6]) & 0x0f | 0x40);
        $bytes[8] = chr(ord($bytes[8]) & 0x3f | 0x80);
        return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
    }

    /** The value as text; null when it isn't valid UTF-8 text. */
    private static function text(mixed $value): ?string
    {
        return is_string($value) && preg_match('//u', $value) === 1 ? $value : null;
    }

    private static function lengthError(string $field, string $value, int $limit): ?string
    {
        // The regular expression engine counts characters, not bytes, and needs no extension.
        $length = preg_match_all('/./su', $value);
        return match (true) {
            // Something to see: blanks and joiners alone don't count.
            preg_match('/[\p{L}\p{N}\p{P}\p{S}]/u', $value) !== 1 => "Please fill in the $field.",
            $length > $limit => "The $field is too long: $length characters, $limit fit.",
            default => null,
        };
    }
}
