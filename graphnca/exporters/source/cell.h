
/* A byte b stands for the level b - 127. A cell sees the nine states around and including its own, row by row; near[4]
   is its own. Sums are of whole numbers, and each rounds one product: C99, rounding to nearest, ties to even. */

#define NCA_ZERO 127

static int nca_level(uint8_t byte) { return (int)byte - NCA_ZERO; }

static uint8_t nca_byte(float value) {
    float whole = rintf(value);
    return (uint8_t)(whole < -127.0f ? 0 : whole > 128.0f ? 255 : (int)whole + NCA_ZERO);
}

static int nca_operator(const uint8_t *const near[9], int band, int channel) {
    int at[9], k;
    for (k = 0; k < 9; k++) at[k] = nca_level(near[k][channel]);
    switch (nca_operators[band]) {
        case 'x': return at[2] - at[0] + 2 * (at[5] - at[3]) + at[8] - at[6];
        case 'y': return at[6] - at[0] + 2 * (at[7] - at[1]) + at[8] - at[2];
        case 'l': return at[0] + at[2] + at[6] + at[8] + 2 * (at[1] + at[3] + at[5] + at[7]) - 12 * at[4];
        default: return at[4];
    }
}

/* The state of a cell that fires, before life has its say. */
static void nca_step(const uint8_t *const near[9], uint8_t next[NCA_CHANNELS]) {
    uint8_t perceived[NCA_PERCEIVED];
    int32_t change[NCA_CHANNELS] = {0};
    int band, channel, unit, k;
    for (band = 0; band < NCA_BANDS; band++)
        for (channel = 0; channel < NCA_CHANNELS; channel++)
            perceived[band * NCA_CHANNELS + channel] =
                nca_byte(nca_gains[band] * (float)nca_operator(near, band, channel));
    for (unit = 0; unit < NCA_HIDDEN; unit++) {
        int32_t sum = 0;
        float value;
        int hidden;
        for (k = 0; k < NCA_PERCEIVED; k++)
            sum += nca_level(nca_hidden_weight[unit][k]) * nca_level(perceived[k]);
        value = (float)sum + 63.75f * (float)nca_level(nca_hidden_bias[unit]);
        value = value > 0.0f ? rintf(NCA_HIDDEN_SCALE * value) : 0.0f;
        hidden = value > 255.0f ? 255 : (int)value;
        if (hidden)
            for (k = 0; k < NCA_CHANNELS; k++) change[k] += nca_level(nca_output_weight[unit][k]) * hidden;
    }
    for (k = 0; k < NCA_CHANNELS; k++) {
        float value = (float)change[k] + 127.5f * (float)nca_level(nca_output_bias[k]);
        next[k] = nca_byte((float)(nca_level(near[4][k]) + nca_level(nca_byte(NCA_OUTPUT_SCALE * value))));
    }
}

/* Whether one of the nine is mature. */
static int nca_alive(const uint8_t *const near[9]) {
    int k;
    for (k = 0; k < 9; k++)
        if (nca_level(near[k][NCA_ALPHA]) >= NCA_MATURE) return 1;
    return 0;
}

static uint32_t nca_mix(uint32_t bits) {
    bits = (bits ^ (bits >> 16)) * 0x7feb352du;
    bits = (bits ^ (bits >> 15)) * 0x846ca68bu;
    return bits ^ (bits >> 16);
}

/* Whether cell number so and so fires in the step that has this key. */
static int nca_fires(uint32_t key, uint32_t cell) {
    return (nca_mix(nca_mix(cell) ^ key) & 0x7fffffffu) < NCA_FIRING;
}

#endif
