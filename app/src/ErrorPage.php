<?php

declare(strict_types=1);

namespace Site;

final class ErrorPage
{
    /** Title and sentence by status. They say what to do, and nothing about our insides. */
    private const array WORDS = [
        400 => ['That was not understood', 'The request has to carry a JSON object.'],
        403 => ['Not from there', 'Another site sent this form in your name. Please write from our own page.'],
        404 => ['No such stop', 'The line does not go to this address.'],
        405 => ['Not like this', 'This address does not answer that kind of request.'],
        413 => ['Too much luggage', 'The request is larger than a guestbook entry can be.'],
        415 => ['Wrong kind of content', 'Please send application/json.'],
        500 => ['Something broke', 'It is our fault, and noted in our log. Please try again in a moment.'],
    ];

    public static function response(Request $request, int $status): Response
    {
        [$title, $sentence] = self::WORDS[$status];
        return $request->isApi()
            ? Response::json(['error' => $sentence], $status)
            : Response::page(View::render('error', compact('status', 'title', 'sentence')), $status);
    }
}
