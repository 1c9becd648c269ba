"""Everything that the unsubscribe page says, in every language it speaks: one table, whose rows are complete.

What stands in braces is filled in: `organisation` and `email`.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.recipients.unsubscribing.models import WhyOut

LANGUAGES: Mapping[str, str] = {"en": "English", "fr": "Français", "de": "Deutsch", "es": "Español"}
"""Tag to the language's own name."""
FALLBACK = "en"

_ROWS: Mapping[str, tuple[str, str, str, str]] = {
    "title": ("Unsubscribe", "Se désabonner", "Abmelden", "Darse de baja"),
    "title_out": (
        "You are unsubscribed",
        "Vous êtes désabonné(e)",
        "Sie sind abgemeldet",
        "Se ha dado de baja",
    ),
    "lead": (
        "{organisation} writes to {email}. Nothing changes until you press a button.",
        "{organisation} écrit à {email}. Rien ne change tant que vous n’appuyez pas sur un bouton.",
        "{organisation} schreibt an {email}. Nichts ändert sich, bevor Sie einen Knopf drücken.",
        "{organisation} escribe a {email}. Nada cambia hasta que pulse un botón.",
    ),
    "kind": ("This kind of notice", "Ce type de message", "Diese Art von Mitteilung", "Este tipo de aviso"),
    "all": (
        "All e-mail from {organisation}",
        "Tous les messages de {organisation}",
        "Alle E-Mails von {organisation}",
        "Todos los correos de {organisation}",
    ),
    "others": (
        "Other notices that you stopped",
        "Autres messages que vous avez arrêtés",
        "Andere Mitteilungen, die Sie abbestellt haben",
        "Otros avisos que ha cancelado",
    ),
    "kind_on": ("You get these.", "Vous les recevez.", "Sie erhalten sie.", "Usted los recibe."),
    "kind_off": (
        "Stopped. You get no more of these at {email}.",
        "Arrêté. Vous n’en recevrez plus à {email}.",
        "Abbestellt. An {email} kommen keine mehr.",
        "Cancelado. No recibirá más en {email}.",
    ),
    "kind_off_by_all": (
        "Stopped, because you stopped all e-mail.",
        "Arrêté, car vous avez arrêté tous les messages.",
        "Abbestellt, weil Sie alle E-Mails abbestellt haben.",
        "Cancelado, porque canceló todos los correos.",
    ),
    "all_on": (
        "You get e-mail from {organisation} at {email}.",
        "Vous recevez les messages de {organisation} à {email}.",
        "Sie erhalten E-Mails von {organisation} an {email}.",
        "Usted recibe correos de {organisation} en {email}.",
    ),
    "all_off": (
        "Stopped. You get no more e-mail from {organisation} at {email}.",
        "Arrêté. Vous ne recevrez plus de messages de {organisation} à {email}.",
        "Abbestellt. Von {organisation} kommen an {email} keine E-Mails mehr.",
        "Cancelado. No recibirá más correos de {organisation} en {email}.",
    ),
    "stop_kind": (
        "Stop this kind of notice",
        "Arrêter ce type de message",
        "Diese Art von Mitteilung abbestellen",
        "Cancelar este tipo de aviso",
    ),
    "stop_all": (
        "Stop all e-mail from us",
        "Arrêter tous nos messages",
        "Alle E-Mails von uns abbestellen",
        "Cancelar todos nuestros correos",
    ),
    "undo": ("Undo", "Annuler", "Rückgängig machen", "Deshacer"),
    "undone": ("Undone.", "Annulé.", "Rückgängig gemacht.", "Deshecho."),
    "undone_kind": (
        "Undone. You get that kind of notice again.",
        "Annulé. Vous recevez de nouveau ce type de message.",
        "Rückgängig gemacht. Sie erhalten diese Art von Mitteilung wieder.",
        "Deshecho. Vuelve a recibir ese tipo de aviso.",
    ),
    "undone_all": (
        "Undone. You get e-mail from {organisation} again.",
        "Annulé. Vous recevez de nouveau les messages de {organisation}.",
        "Rückgängig gemacht. Sie erhalten wieder E-Mails von {organisation}.",
        "Deshecho. Vuelve a recibir correos de {organisation}.",
    ),
    "by_mistake": (
        "Pressed by mistake?",
        "Appuyé par erreur ?",
        "Aus Versehen gedrückt?",
        "¿Lo pulsó por error?",
    ),
    "service": (
        "The e-mail that brought you here was a notice that {organisation} has to send. Such notices can still come.",
        "Le message qui vous a amené ici est un avis que {organisation} doit envoyer. "
        "De tels avis peuvent encore arriver.",
        "Die E-Mail, über die Sie hierher kamen, war eine Mitteilung, die {organisation} schicken muss. "
        "Solche Mitteilungen können weiterhin kommen.",
        "El correo que le trajo aquí es un aviso que {organisation} debe enviar. Esos avisos pueden seguir llegando.",
    ),
    "service_reason": ("Their reason:", "Leur raison :", "Die Begründung:", "Su motivo:"),
    "why": (
        "Why, if you like to say (optional)",
        "Pourquoi, si vous voulez le dire (facultatif)",
        "Warum, wenn Sie es sagen möchten (freiwillig)",
        "Por qué, si quiere decirlo (opcional)",
    ),
    "why_help": (
        "{organisation} reads it without your name and address.",
        "{organisation} le lit sans votre nom ni votre adresse.",
        "{organisation} liest es ohne Ihren Namen und Ihre Adresse.",
        "{organisation} lo lee sin su nombre ni su dirección.",
    ),
    "why_words": ("In your own words", "Avec vos propres mots", "In eigenen Worten", "Con sus propias palabras"),
    "why_send": ("Say why", "Dire pourquoi", "Grund mitteilen", "Decir el motivo"),
    "why_thanks": (
        "Thank you. Your answer was passed on without your name and address.",
        "Merci. Votre réponse a été transmise sans votre nom ni votre adresse.",
        "Danke. Ihre Antwort wurde ohne Ihren Namen und Ihre Adresse weitergegeben.",
        "Gracias. Su respuesta se transmitió sin su nombre ni su dirección.",
    ),
    "why_missing": (
        "Choose one of the answers first.",
        "Choisissez d’abord une réponse.",
        "Wählen Sie zuerst eine Antwort.",
        "Elija primero una respuesta.",
    ),
    "why_too_many": ("Too many e-mails", "Trop de messages", "Zu viele E-Mails", "Demasiados correos"),
    "why_not_for_me": ("Not meant for me", "Pas destiné à moi", "Nicht für mich bestimmt", "No es para mí"),
    "why_not_expected": (
        "I did not expect it",
        "Je ne m’y attendais pas",
        "Ich habe es nicht erwartet",
        "No lo esperaba",
    ),
    "why_other_way": (
        "I prefer another way, such as post or telephone",
        "Je préfère un autre moyen, comme le courrier ou le téléphone",
        "Ich möchte es lieber anders, etwa per Post oder Telefon",
        "Prefiero otra forma, como carta o teléfono",
    ),
    "why_other": ("Something else", "Autre chose", "Etwas anderes", "Otra cosa"),
    "example_title": ("This is an example", "Ceci est un exemple", "Dies ist ein Beispiel", "Esto es un ejemplo"),
    "example": (
        "In the e-mail that goes out, each person finds a link of their own here and can unsubscribe with one button. "
        "Nothing comes of this one.",
        "Dans le message envoyé, chaque personne trouve ici son propre lien et peut se désabonner d’un seul bouton. "
        "Celui-ci est sans effet.",
        "In der E-Mail, die hinausgeht, findet hier jede Person ihren eigenen Link und kann sich mit einem Knopf "
        "abmelden. Dieser hier bewirkt nichts.",
        "En el correo que se envía, cada persona encuentra aquí su propio enlace y puede darse de baja con un botón. "
        "Este no tiene efecto.",
    ),
    "unknown_title": (
        "This link does not work",
        "Ce lien ne fonctionne pas",
        "Dieser Link funktioniert nicht",
        "Este enlace no funciona",
    ),
    "unknown": (
        "Perhaps the address was cut off in the e-mail. Open the link from the e-mail again, or answer the e-mail and "
        "ask to be taken off.",
        "L’adresse a peut-être été coupée dans le message. Ouvrez de nouveau le lien depuis le message, ou répondez au "
        "message en demandant à être retiré(e).",
        "Vielleicht wurde die Adresse in der E-Mail abgeschnitten. Öffnen Sie den Link noch einmal aus der E-Mail, "
        "oder antworten Sie auf die E-Mail und bitten Sie darum, gestrichen zu werden.",
        "Quizá la dirección se cortó en el correo. Abra de nuevo el enlace desde el correo, o responda al correo y "
        "pida que le den de baja.",
    ),
    "too_often_title": (
        "Please wait a little",
        "Veuillez patienter un peu",
        "Bitte warten Sie ein wenig",
        "Espere un momento, por favor",
    ),
    "too_often": (
        "There were too many attempts in a short time. Try again in a few minutes.",
        "Il y a eu trop de tentatives en peu de temps. Réessayez dans quelques minutes.",
        "Es gab zu viele Versuche in kurzer Zeit. Versuchen Sie es in einigen Minuten noch einmal.",
        "Hubo demasiados intentos en poco tiempo. Inténtelo de nuevo en unos minutos.",
    ),
    "too_large_title": ("That is too long", "C’est trop long", "Das ist zu lang", "Es demasiado largo"),
    "too_large": (
        "Go back and write less, please.",
        "Revenez en arrière et écrivez moins, s’il vous plaît.",
        "Gehen Sie bitte zurück und schreiben Sie weniger.",
        "Vuelva atrás y escriba menos, por favor.",
    ),
    "nothing_changed": (
        "Nothing was changed.",
        "Rien n’a été modifié.",
        "Es wurde nichts geändert.",
        "No se cambió nada.",
    ),
    "language": ("Language", "Langue", "Sprache", "Idioma"),
}

WORDS: Mapping[str, Mapping[str, str]] = {
    tag: {key: row[place] for key, row in _ROWS.items()} for place, tag in enumerate(LANGUAGES)
}
"""Language tag to every text by its key."""
WHY: Mapping[WhyOut, str] = {one: f"why_{one}" for one in WhyOut}
"""What may be answered, as keys of texts."""


def spoken(tag: str) -> str:
    """Give the language of the page that fits a tag such as `de-AT`; empty when it speaks none such."""
    first = tag.lower().replace("_", "-").partition("-")[0]
    return first if first in LANGUAGES else ""
