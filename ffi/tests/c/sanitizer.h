/* ADDRESS_SANITIZER, whichever compiler does it: gcc defines a macro, clang has a feature. */
#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER
#endif
#endif
