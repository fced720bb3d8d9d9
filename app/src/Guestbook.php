<?php

declare(strict_types=1);

namespace Site;

use PDO;
use PDOException;

final readonly class Guestbook
{
    public const int PAGE_LENGTH = 50;

    private const int DUPLICATE_KEY = 1062;
    private const string COLUMNS = 'id, name, message, web_server, created_at';

    public function __construct(private Database $database, private string $webServer)
    {
    }

    /**
     * Newest first, at most PAGE_LENGTH.
     *
     * A replica may lag behind the primary; whoever has just written must see the own entry all the same. So the list is
     * read from any server, and only if it lacks the entry `$mustContain`, it is read again from the primary. That
     * costs nothing while the replicas keep up, needs no waiting (as WAIT_FOR_EXECUTED_GTID_SET would) and no state on
     * the machines: the number is in the visitor's session cookie.
     *
     * @return list<Message>
     * @throws DatabaseUnavailable
     */
    public function newest(?int $mustContain = null): array
    {
        $messages = $this->database->read(self::select(...));
        if ($mustContain === null || self::reaches($messages, $mustContain)) {
            return $messages;
        }
        try {
            return $this->database->readFromPrimary(self::select(...));
        } catch (DatabaseUnavailable) {
            return $messages; // A somewhat older list is better than none.
        }
    }

    /**
     * Stores an entry, once: the token is unique in the database, so that the write can be repeated by us (connection
     * lost), by the browser or by a person who presses the button again.
     *
     * @throws TokenUsed when the token belongs to an entry that says something else
     * @throws DatabaseUnavailable when there is no primary
     */
    public function add(Entry $entry): Message
    {
        $stored = $this->database->write(function (PDO $connection) use ($entry): Message {
            $insert = $connection->prepare(
                'INSERT INTO messages (token, name, message, web_server, created_at)
                 VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3))',
            );
            try {
                $insert->execute([$entry->token, $entry->name, $entry->message, $this->webServer]);
            } catch (PDOException $error) {
                if (Database::errorNumber($error) !== self::DUPLICATE_KEY) {
                    throw $error;
                }
            }
            $select = $connection->prepare('SELECT ' . self::COLUMNS . ' FROM messages WHERE token = ?');
            $select->execute([$entry->token]);
            return Message::fromRow($select->fetch());
        });
        if ($stored->name !== $entry->name || $stored->message !== $entry->message) {
            throw new TokenUsed($stored);
        }
        return $stored;
    }

    /** @return list<Message> */
    private static function select(PDO $connection): array
    {
        $order = 'ORDER BY created_at DESC, id DESC LIMIT ' . self::PAGE_LENGTH;
        $rows = $connection->query('SELECT ' . self::COLUMNS . " FROM messages $order")->fetchAll();
        return array_map(Message::fromRow(...), $rows);
    }

    /** @param list<Message> $messages */
    private static function reaches(array $messages, int $id): bool
    {
        $ids = array_column($messages, 'id');
        // A full page of newer entries: ours was there, and has moved on.
        return in_array($id, $ids, true) || (count($ids) === self::PAGE_LENGTH && min($ids) > $id);
    }
}
