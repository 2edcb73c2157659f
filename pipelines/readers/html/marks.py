"""What the class, id and role of an element say about it, as bits.

A class attribute is cut into names at white space, a name into words at punctuation and where a
capital follows a small letter. Words, and pairs of neighbouring words written together, are looked
up: `side-bar`, `sideBar` and `sidebar` are one. Names that begin with a word that makes them a label of
the content's subject or of the page's state (`tag-cookies`, `has-sidebar`) say nothing, nor do ids of
more than three words, which are headings made into anchors (`sharing-with-a-single-developer`).
"""

from pipelines.readers.html.names import lookup_table

BOILERPLATE, COMMENTS, BYLINE, MATH_SOURCE, MATH_SHOWN, UNSEEN, TEX_IMAGE, LAYOUT, GALLERY = (
    1 << n for n in range(9)
)

_WORDS = {
    BOILERPLATE: """
    nav navi navigation navbar navbars topnav subnav navlinks menu menus submenu megamenu breadcrumb breadcrumbs
    pagination paginator pager sidebar sidebars sidenav asidebar siderail footer footers colophon copyright
    masthead topbar siteheader pageheader globalheader
    cookie cookies cookiebar cookiebanner cookieconsent consent gdpr onetrust ccpa
    social socials socialmedia share shares sharing sharebar sharedaddy addthis addtoany sharethis followus
    related relatedposts relatedarticles recommended recommendation recommendations recommend trending popular
    mostread mostpopular readnext nextup morestories morearticles morenews alsolike youmaylike seealso
    promo promos promotion outbrain taboola teasers
    ad ads adv advert adverts advertisement advertisements advertising adsbygoogle adslot adunit adbox
    adcontainer adwrapper sponsor sponsors sponsored dfp gpt
    modal popup popover lightbox tooltip toolbar
    newsletter newsletters subscribe subscription signup signin login logout loginform
    widgets skiplink skiplinks skipnav backtotop totop
    searchform searchbox searchbar printonly noprint donate donation
    jumplinks mwjumplink editsection mweditsection catlinks printfooter sitenotice siteSub
    hatnote ambox authorbox authorbio aboutauthor
    """,
    COMMENTS: "comment comments commentlist commentlists commentform disqus respond commentarea",
    BYLINE: """
    byline bylines dateline postmeta entrymeta articlemeta metadata postinfo postdate entrydate pubdate
    postedon postedby postauthor entryauthor articleauthor articledate publishdate timestamp
    posttags entrytags taglist tagcloud tagslist articletags postcategories readingtime readtime
    """,
    MATH_SOURCE: "mwe katex mathml mjx mathjax",
    UNSEEN: "visuallyhidden sronly screenreader",
    GALLERY: "gallery galleries carousel slideshow slider",
    TEX_IMAGE: "latex tex mwe wplatex",
}
_NAMES = {
    BOILERPLATE: "widget paywall",
    UNSEEN: "hidden invisible dnone displaynone offscreen mathjaxpreview",
    MATH_SHOWN: "mathjax mathjaxdisplay mathjaxsvg mathjaxsvgdisplay mathjaxchtml",
}
_ROLES = {
    BOILERPLATE: """
    alert alertdialog banner complementary contentinfo dialog menu menubar menuitem navigation search tablist
    toolbar tooltip
    """,
    LAYOUT: "presentation none",
}
_LABELS = "tag category cat has with no is without"


def _bits_of(names_of: dict[int, str]) -> dict[str, int]:
    bits: dict[str, int] = {}
    for bit, names in names_of.items():
        for name in names.lower().split():
            bits[name] = bits.get(name, 0) | bit
    return bits


WORD_TABLE = lookup_table(_bits_of(_WORDS))
NAME_TABLE = lookup_table(_bits_of(_NAMES))
ROLE_TABLE = lookup_table(_bits_of(_ROLES))
LABEL_TABLE = lookup_table(dict.fromkeys(_LABELS.split(), 1))
