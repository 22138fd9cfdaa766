"""Pictures in files, whoever made them: the one reader of the library, and what it reads."""
