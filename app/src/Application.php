<?php

declare(strict_types=1);

namespace Site;

/** Which address does what. */
final readonly class Application
{
    private const array METHODS = [
        '/' => ['GET', 'HEAD', 'POST'],
        '/api/request' => ['GET', 'HEAD'],
        '/api/messages' => ['GET', 'HEAD', 'POST'],
        '/api/session' => ['GET', 'HEAD'],
    ];

    private Database $database;
    private Guestbook $guestbook;

    public function __construct(private Config $config)
    {
        $this->database = new Database($config);
        $this->guestbook = new Guestbook($this->database, $config->machine);
    }

    public function handle(Request $request): Response
    {
        $methods = self::METHODS[$request->path] ?? null;
        if ($methods === null) {
            return ErrorPage::response($request, 404);
        }
        if (!in_array($request->method, $methods, true)) {
            return ErrorPage::response($request, 405)->with('Allow', implode(', ', $methods));
        }
        if ($request->isTooLarge()) {
            return ErrorPage::response($request, 413);
        }
        if ($request->method === 'POST' && $request->isCrossSite()) {
            return ErrorPage::response($request, 403);
        }
        $session = Session::open($request->cookie(Session::COOKIE), $this->config->sessionKey, time());
        return match ([$request->path, $request->method === 'POST']) {
            ['/', false] => $this->showPage($request, $session),
            ['/', true] => $this->signByForm($request, $session),
            ['/api/request', false] => Response::json($this->servedBy($request)),
            ['/api/messages', false] => $this->listMessages($request, $session),
            ['/api/messages', true] => $this->signByApi($request, $session),
            ['/api/session', false] => $this->countVisit($session),
        };
    }

    private function showPage(Request $request, Session $session): Response
    {
        $thanks = $session->justSigned;
        $session->justSigned = false;
        $session->visits++;
        $form = ['name' => $session->name, 'message' => '', 'token' => Entry::newToken(), 'errors' => [], 'notice' => null];
        return $this->page($request, $session, $form, 200, $thanks)->with('Set-Cookie', $session->header());
    }

    private function signByForm(Request $request, Session $session): Response
    {
        $entry = Entry::fromFields($request->form);
        $form = ['name' => $entry->name, 'message' => $entry->message, 'token' => $entry->token, 'errors' => $entry->errors];
        if (isset($entry->errors['token'])) {
            $form['token'] = Entry::newToken();
        }
        if ($entry->errors !== []) {
            return $this->page($request, $session, $form + ['notice' => 'invalid'], 422);
        }
        try {
            $session->wrote($this->guestbook->add($entry));
        } catch (TokenUsed) {
            return $this->page($request, $session, ['token' => Entry::newToken()] + $form + ['notice' => 'used'], 409);
        } catch (DatabaseUnavailable) {
            // The same token again: the entry may have been stored just before the connection broke.
            return $this->page($request, $session, $form + ['notice' => 'unavailable'], 503);
        }
        $session->justSigned = true;
        return Response::seeOther('/')->with('Set-Cookie', $session->header());
    }

    private function listMessages(Request $request, Session $session): Response
    {
        try {
            $messages = $this->guestbook->newest($session->ownEntry());
        } catch (DatabaseUnavailable) {
            return Response::json(['error' => 'No database answers. Please try again in a moment.'], 503);
        }
        return Response::json(['messages' => $messages, 'servedBy' => $this->servedBy($request)]);
    }

    private function signByApi(Request $request, Session $session): Response
    {
        // Other media types could be sent by a form on another site.
        if ($request->mediaType() !== 'application/json') {
            return ErrorPage::response($request, 415);
        }
        $fields = $request->json();
        if ($fields === null) {
            return ErrorPage::response($request, 400);
        }
        $entry = Entry::fromFields($fields);
        if ($entry->errors !== []) {
            return Response::json(['error' => 'The message is not complete.', 'errors' => $entry->errors], 422);
        }
        try {
            $message = $this->guestbook->add($entry);
        } catch (TokenUsed) {
            return Response::json(['error' => 'This token belongs to another message; take a new one.'], 409);
        } catch (DatabaseUnavailable) {
            $error = 'There is no primary database just now. Nothing is lost: send the same again in a moment.';
            return Response::json(['error' => $error], 503);
        }
        $session->wrote($message);
        return Response::json($message->jsonSerialize() + ['servedBy' => $this->servedBy($request)], 201)
            ->with('Set-Cookie', $session->header());
    }

    private function countVisit(Session $session): Response
    {
        $session->visits++;
        return Response::json(['visits' => $session->visits, 'webServer' => $this->config->machine])->with('Set-Cookie', $session->header());
    }

    /** @param array<string, mixed> $form */
    private function page(Request $request, Session $session, array $form, int $status, bool $thanks = false): Response
    {
        try {
            $messages = $this->guestbook->newest($session->ownEntry());
        } catch (DatabaseUnavailable) {
            $messages = null;
            $status = 503;
        }
        return Response::page(View::render('page', [
            'served' => $this->servedBy($request),
            'visits' => $session->visits,
            'ownEntry' => $session->ownEntry(),
            'thanks' => $thanks,
            'messages' => $messages,
            'form' => $form,
        ]), $status);
    }

    /**
     * Who took part in answering this request.
     *
     * @return array{loadBalancer: ?string, webServer: string, applicationServer: string, database: array{read: ?string, write: ?string}, client: string}
     */
    private function servedBy(Request $request): array
    {
        return [
            'loadBalancer' => $request->header('X-Load-Balancer'),
            // Nginx says its name; where it says none, it is on this machine
            'webServer' => $request->header('X-Web-Server') ?? $this->config->machine,
            'applicationServer' => $this->config->machine,
            'database' => ['read' => $this->database->reader(), 'write' => $this->database->primary()],
            'client' => $request->client,
        ];
    }
}
