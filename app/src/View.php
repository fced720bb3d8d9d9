<?php

declare(strict_types=1);

namespace Site;

/** Fills the files in templates/. They see the given variables, and call `self::text()` for everything they print. */
final class View
{
    /** @param array<string, mixed> $variables */
    public static function render(string $template, array $variables): string
    {
        extract($variables);
        ob_start();
        require __DIR__ . "/../templates/$template.php";
        return (string) ob_get_clean();
    }

    public static function text(string|int|null $value): string
    {
        return htmlspecialchars((string) $value, ENT_QUOTES | ENT_SUBSTITUTE | ENT_HTML5, 'UTF-8');
    }

    /** Address of a file in public/ that changes with its content, so that browsers may keep it. */
    public static function asset(string $file): string
    {
        return "/$file?v=" . hash_file('crc32b', __DIR__ . "/../public/$file");
    }

    /** Each machine has a colour, by the number at the end of its name. script.js does the same. */
    public static function colour(?string $machine): string
    {
        return preg_match('/(\d+)$/D', (string) $machine, $number) === 1 ? 'colour-' . $number[1] % 4 : 'colour-0';
    }
}
