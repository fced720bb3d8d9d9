<?php

declare(strict_types=1);

namespace Site;

/** An entry of the guestbook, as stored. */
final readonly class Message implements \JsonSerializable
{
    public function __construct(
        public int $id,
        public string $name,
        public string $message,
        /** ISO 8601, UTC, with milliseconds. */
        public string $createdAt,
        public string $webServer,
    ) {
    }

    /** @param array<string, mixed> $row */
    public static function fromRow(array $row): self
    {
        return new self(
            (int) $row['id'],
            $row['name'],
            $row['message'],
            str_replace(' ', 'T', $row['created_at']) . 'Z',
            $row['web_server'],
        );
    }

    /** For people: `21 Nov 2026, 03:12 UTC`. */
    public function time(): string
    {
        return new \DateTimeImmutable($this->createdAt)->format('j M Y, H:i') . ' UTC';
    }

    /** @return array<string, mixed> */
    public function jsonSerialize(): array
    {
        return get_object_vars($this);
    }
}
