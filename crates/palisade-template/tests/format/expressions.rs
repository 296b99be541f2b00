//! Every function and operator: an expression that is true, or is not.

use crate::case::{Case, Finds, page};

/// True of the answer [`answer`].
const TRUE: &[&str] = &[
    // Operators, from loose to tight.
    "status_code == 200 && contains(body, 'harbour')",
    "status_code == 404 || status_code == 200",
    "!(status_code == 404)",
    "1 + 2 * 3 == 7 && (1 + 2) * 3 == 9",
    "2 ** 3 ** 2 == 512",
    "10 % 4 == 2 && 7 / 2 == 3.5 && 5 - 8 == -3",
    "0x10 == 16 && (6 & 3) == 2 && (6 | 3) == 7 && (6 ^ 3) == 5",
    "1 << 4 == 16 && 256 >> 4 == 16",
    "'a' + 'b' + 1 == 'ab1'",
    "'b' > 'a' && 2 >= 2 && 1 < 2 && 1 <= 1",
    "'x' != 'y'",
    "body =~ 'h[a-z]+r' && body !~ '^nothing$'",
    "status_code in (200, 204)",
    "status_code == 200 ? true : false",
    "(missing ?? 'usual') == 'usual'",
    "true && (status_code == 200 || missing == 1)",
    // Variables of an answer.
    "server == 'Quay/1.2.3' && contains(header, 'Server: Quay')",
    "content_length == 34 && len(body) == 34",
    "duration >= 2 && duration < 3",
    "contains(response, 'Set-Cookie') && contains(all, 'harbour') && session == 'abc123'",
    "Hostname == '127.0.0.1:8080' && Port == '8080' && Scheme == 'http' && Host == '127.0.0.1'",
    "FQDN == 'www.harbour.test' && RDN == 'harbour.test' && SD == 'www' && TLD == 'test' && DN == 'harbour'",
    // Texts.
    "concat('a', 1, true) == 'a1true'",
    "contains('Harbour', 'bour')",
    "contains_all(body, 'harbour', 'v2')",
    "contains_any(body, 'ship', 'harbour')",
    "starts_with(body, 'welcome', 'nothing')",
    "ends_with(body, '!', '.')",
    "equals_any(status_code, '404', '200')",
    "len('abc') == 3 && len(('a', 'b')) == 2",
    "line_starts_with(header, 'Server:')",
    "line_ends_with(header, '1.2.3')",
    "padding('7', '0', 3, 'prefix') == '007' && padding('7', '0', 3, 'suffix') == '700'",
    "regex('v[0-9]', body)",
    "regex_all(body, 'harbour', 'v2')",
    "regex_any(body, 'nothing', 'v[2-3]')",
    "remove_bad_chars('a-b-c', '-') == 'abc'",
    "repeat('ab', 3) == 'ababab'",
    "replace('aXbX', 'X', '1') == 'a1b1'",
    "replace_regex('a12b3', '[0-9]+', '#') == 'a#b#'",
    "reverse('abc') == 'cba'",
    "substr('harbour', 3) == 'bour' && substr('harbour', 0, 3) == 'har' && substr('harbour', -2) == 'ur'",
    "to_lower('ABC') == 'abc'",
    "tolower('QuAy') == 'quay'",
    "to_upper('abc') == 'ABC'",
    "toupper('quay') == 'QUAY'",
    "to_title('two words') == 'Two Words'",
    "to_string(12) == '12'",
    "trim('--a--', '-') == 'a'",
    "trim_left('--a--', '-') == 'a--'",
    "trim_right('--a--', '-') == '--a'",
    "trim_prefix('v1.2', 'v') == '1.2'",
    "trim_suffix('file.bak', '.bak') == 'file'",
    "trim_space('  a ') == 'a'",
    // Lists.
    "index(split('a,b,c', ','), 1) == 'b' && index('abc', 2) == 'c'",
    "join('-', 'a', 'b', 3) == 'a-b-3' && join('', ('x', 'y')) == 'xy'",
    "sort('cab') == 'abc' && join(',', sort('b', 'a')) == 'a,b'",
    "join('|', split('a b c', ' ', 2)) == 'a|b c' && len(split('abcdef', 2)) == 3",
    "uniq('aabbc') == 'abc'",
    // Codings.
    "base64('hello') == 'aGVsbG8='",
    "base64_decode('aGVsbG8') == 'hello' && base64_decode('_-4=') == hex_decode('ffee')",
    "base64_py('hello') == \"aGVsbG8=\\n\" && len(base64_py(repeat('a', 60))) == 82",
    "hex_encode('AZ') == '415a'",
    "hex_decode('48 49') == 'HI'",
    "html_escape('1 < 2 & 3') == '1 &lt; 2 &amp; 3'",
    "html_unescape('&lt;b&gt; &#65;&#x42; &amp;&unknown;') == '<b> AB &&unknown;'",
    "json_minify('{ \"a\": [1, 2] }') == '{\"a\":[1,2]}'",
    "contains(json_prettify('{\"a\":1}'), \"\\n\")",
    "url_decode('a%20b+c%zz') == 'a b c%zz'",
    "url_encode('a b/ü') == 'a%20b%2F%C3%BC'",
    "hex_encode(xor('ab', 'AB')) == '2020'",
    // Digests.
    "md5('hello') == '5d41402abc4b2a76b9719d911017c592'",
    "sha1('hello') == 'aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d'",
    "sha256('hello') == '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'",
    "starts_with(sha512('hello'), '9b71d224bd62f3785d96d46ad3ea3d73') && len(sha512('')) == 128",
    "mmh3('hello') == '613153351' && mmh3('') == '0'",
    "mmh3('hello, world') == '345750399'",
    "hmac('sha256', 'what do ya want for nothing?', 'Jefe') == '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'",
    "hmac('md5', 'what do ya want for nothing?', 'Jefe') == '750c783e6ab0b503eaa86e310a5db738'",
    "hmac('sha1', 'what do ya want for nothing?', 'Jefe') == 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'",
    // Numbers and versions.
    "bin_to_dec('0b1010') == 10 && bin_to_dec('11') == 3",
    "dec_to_hex(255) == 'ff'",
    "hex_to_dec('ff') == 255",
    "oct_to_dec('17') == 15",
    "to_number('12') + 1 == 13",
    "compare_versions('1.2.3', '>= 1.2', '< 2.0')",
    "compare_versions('v2.10', '> 2.9, != 2.11')",
    "compare_versions('2.0-rc1', '< 2.0') && !compare_versions('2.0', '< 2.0.0')",
    "compare_versions('1.4.9', '~1.4.2') && !compare_versions('1.5.0', '~1.4.2') && compare_versions('1.9', '^1.2')",
    // Time: the clock of the test stands still.
    "unix_time() == 1763802930",
    "unixtime(10) == 1763802940",
    "date_time('%Y-%M-%D %H:%m:%S') == '2025-11-22 09:15:30'",
    "date_time('2006-01-02 15:04', 0) == '1970-01-01 00:00'",
    "to_unix_time('2025-11-22T09:15:30Z') == unix_time() && to_unix_time('2025/11/22') == 1763769600",
    // Chance.
    "len(rand_base(5)) == 5 && regex('^[xy]{4}$', rand_base(4, 'xy'))",
    "len(rand_char()) == 1 && rand_char('q') == 'q'",
    "rand_int(5, 6) == 5 && rand_int() >= 0",
    "starts_with(rand_ip('192.0.2.0/24'), '192.0.2.')",
    "regex('^[a-zA-Z]{8}$', rand_text_alpha(8))",
    "regex('^[a-zA-Z0-9]{8}$', rand_text_alphanumeric(8))",
    "regex('^[0-9]{6}$', rand_text_numeric(6)) && !contains(rand_text_numeric(50, '7'), '7')",
    "len(randstr) == 27 && randstr == randstr",
];

/// Not true, and no mistake of ours.
const FALSE: &[&str] = &[
    "missing == 1",
    "!missing",
    "status_code",
    "status_code == '200'",
    "contains(body, 'nothing')",
    "1 / 0 == 1",
    "'a' > 1",
    "-'a' == 1",
    "base64_decode('!!') == ''",
    "hex_decode('xyz') == ''",
    "repeat('aaaaaaaaaa', 100000000) == ''",
    "compare_versions('none', '> 0')",
    "regex('(a{1000}){1000}', body) || true",
    "index('abc', 7) == ''",
    "status_code in 200",
    "to_unix_time('yesterday') > 0",
    "xor('a', 'ab') == ''",
    "rand_int(6, 5) == 0",
];

fn answer() -> Vec<u8> {
    page(
        200,
        "Server: Quay/1.2.3\r\nSet-Cookie: session=abc123; Path=/\r\n",
        "welcome to the harbour, in v2 now!",
    )
}

fn case(expression: &str, index: usize, holds: bool) -> Case {
    let quoted = expression.replace('\'', "''");
    let block = format!(
        "http:\n  - path: ['{{{{BaseURL}}}}']\n    matchers:\n      - type: dsl\n        dsl: ['{quoted}']\n"
    );
    let finds = if holds { Finds::Something } else { Finds::Nothing };
    Case::web(&format!("expression {index} {holds}: {expression}"), &block, &[("GET / ", answer())], finds)
}

pub(crate) fn cases() -> Vec<Case> {
    let cases = |list: &[&str], holds| {
        list.iter().enumerate().map(|(index, text)| case(text, index, holds)).collect::<Vec<_>>()
    };
    [cases(TRUE, true), cases(FALSE, false)].concat()
}
