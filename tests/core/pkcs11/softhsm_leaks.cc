// SoftHSM 2.6.1 leaks the parameters of each Ed25519 key that it looks at, through OpenSSL, whose frames the sanitizer
// cannot walk: in this test's process such leaks are not ours to find.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:ASN1_STRING_set\nleak:CRYPTO_zalloc\n"; }
