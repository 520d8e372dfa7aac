// Vectors as wide as the processor's registers, through the compiler's own vector type: no intrinsics, any processor.
#pragma once

#if defined(__AVX512F__)
constexpr int VECTOR_BYTES = 64, REGISTERS = 32;
#elif defined(__AVX__)
constexpr int VECTOR_BYTES = 32, REGISTERS = 16;
#elif defined(__aarch64__)
constexpr int VECTOR_BYTES = 16, REGISTERS = 32;
#else
constexpr int VECTOR_BYTES = 16, REGISTERS = 16;
#endif

template <class real>
struct Lanes {
    static constexpr int count = VECTOR_BYTES / sizeof(real);
    typedef real vector __attribute__((vector_size(VECTOR_BYTES)));
    // aligned as one number is: rows may begin anywhere
    typedef real anywhere __attribute__((vector_size(VECTOR_BYTES), aligned(alignof(real)), may_alias));
    using flags = decltype(vector{} < vector{});

    static vector load(const real* from) { return *reinterpret_cast<const anywhere*>(from); }
    static void store(real* to, vector value) { *reinterpret_cast<anywhere*>(to) = value; }
    static vector all(real value) { return vector{} + value; }
    static int rounded_up(int length) { return (length + count - 1) / count * count; }
};
