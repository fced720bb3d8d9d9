<?php

declare(strict_types=1);

namespace Site;

/** An answer. What PHP answers belongs to one visitor and one moment: it is never cached. */
final readonly class Response
{
    /** Seconds after which it makes sense to ask again when something is missing. */
    public const int RETRY_SECONDS = 5;

    private const array HEADERS = [
        'Cache-Control' => 'no-store',
        'X-Content-Type-Options' => 'nosniff',
        'X-Frame-Options' => 'DENY',
        // Not "no-referrer": browsers would then send "Origin: null" with our own form.
        'Referrer-Policy' => 'same-origin',
        'Cross-Origin-Opener-Policy' => 'same-origin',
        'Cross-Origin-Resource-Policy' => 'same-origin',
        'Cross-Origin-Embedder-Policy' => 'require-corp',
        'Permissions-Policy' => 'camera=(), geolocation=(), microphone=()',
    ];

    private const string PAGE_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        . "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        . "require-trusted-types-for 'script'; trusted-types 'none'";

    /** @param array<string, string> $headers */
    private function __construct(private int $status, private array $headers, private string $body)
    {
    }

    public static function page(string $html, int $status = 200): self
    {
        return new self($status, [
            'Content-Type' => 'text/html; charset=utf-8',
            'Content-Security-Policy' => self::PAGE_POLICY,
        ] + self::retry($status), $html);
    }

    public static function json(mixed $value, int $status = 200): self
    {
        $flags = JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE;
        return new self($status, [
            'Content-Type' => 'application/json',
            'Content-Security-Policy' => "default-src 'none'; frame-ancestors 'none'",
        ] + self::retry($status), json_encode($value, $flags) . "\n");
    }

    /** To a page of ours, after a form was sent. */
    public static function seeOther(string $path): self
    {
        return new self(303, ['Location' => $path], '');
    }

    public function with(string $header, string $value): self
    {
        return new self($this->status, [$header => $value] + $this->headers, $this->body);
    }

    public function send(): void
    {
        http_response_code($this->status);
        foreach ($this->headers + self::HEADERS as $name => $value) {
            header("$name: $value");
        }
        echo $this->body;
    }

    /** @return array<string, string> */
    private static function retry(int $status): array
    {
        return $status === 503 ? ['Retry-After' => (string) self::RETRY_SECONDS] : [];
    }
}
